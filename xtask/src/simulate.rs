//! `cargo xtask simulate`: seeds of the simulator, which is a program of its own.

use anyhow::Result;
use clap::Args;

use crate::repository::Repository;
use crate::run;

#[derive(Args)]
pub struct Options {
    /// Run this seed alone, and tell its story
    #[arg(long, conflicts_with_all = ["seeds", "from", "kills"])]
    seed: Option<u64>,
    /// How many seeds to run
    #[arg(long)]
    seeds: Option<u64>,
    /// The first one
    #[arg(long)]
    from: Option<u64>,
    /// Kill a tab at every step of an exchange, in so many schedules of each case
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    kills: Option<u64>,
}

pub fn start(repository: &Repository, options: &Options) -> Result<()> {
    let numbers = [
        ("--seed", options.seed),
        ("--seeds", options.seeds),
        ("--from", options.from),
        ("--kills", options.kills),
    ];
    let mut command = repository.cargo();
    command.args(["run", "--quiet", "--package", "simulation", "--"]);
    for (name, number) in numbers {
        if let Some(number) = number {
            command.args([name, &number.to_string()]);
        }
    }
    run::visible(&mut command)
}
