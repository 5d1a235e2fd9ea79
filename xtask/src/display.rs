//! A display that nobody looks at: WebKitGTK's browser has no headless mode.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::setup::Engine;

/// Ends when it is dropped.
pub struct Display {
    server: Child,
    pub name: String,
}

impl Display {
    /// Where one of the engines needs one.
    pub fn of(engines: &[Engine]) -> Result<Option<Self>> {
        engines
            .contains(&Engine::Webkit)
            .then(Self::start)
            .transpose()
    }

    fn start() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            // It takes the first number that is free, and says which.
            .args(["-displayfd", "1", "-screen", "0", "1280x1024x24"])
            // Nobody on the network, and it stays when the first browser closes.
            .args(["-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting Xvfb")?;
        let mut number = String::new();
        if let Some(said) = server.stdout.take() {
            BufReader::new(said).read_line(&mut number)?;
        }
        let display = Self {
            server,
            name: format!(":{}", number.trim()),
        };
        if number.trim().is_empty() {
            bail!("Xvfb found no free display");
        }
        Ok(display)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
