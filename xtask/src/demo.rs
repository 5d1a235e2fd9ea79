//! The demo page, with an authorization server of its own or against a real one.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::repository::Repository;
use crate::{package, setup};

#[derive(Args)]
pub struct Options {
    /// Sign in at this authorization server; without it, one is started beside the page
    #[arg(long, value_name = "URL", requires = "client_id")]
    issuer: Option<String>,
    /// The public client that this server knows the page as
    #[arg(long, value_name = "ID", requires = "issuer")]
    client_id: Option<String>,
    /// The page's port
    #[arg(long)]
    port: Option<u16>,
}

pub fn start(repository: &Repository, options: &Options) -> Result<()> {
    setup::ensure(repository, setup::FOR_BUILD)?;
    package::build(repository)?;
    let mut server = repository.command("node");
    server.arg("www/serve.mjs");
    if let Some(issuer) = &options.issuer {
        server.args(["--issuer", issuer]);
    }
    if let Some(client_id) = &options.client_id {
        server.args(["--client-id", client_id]);
    }
    if let Some(port) = options.port {
        server.args(["--port", &port.to_string()]);
    }
    become_program(server)
}

/// The server takes this process's place, so that Ctrl-C and every other signal reach it and nothing is left behind.
#[cfg(unix)]
fn become_program(mut program: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(program.exec()).map_err(|error| anyhow::anyhow!("starting node: {error}"))
}

#[cfg(not(unix))]
fn become_program(mut program: Command) -> Result<()> {
    crate::run::visible(&mut program)
}
