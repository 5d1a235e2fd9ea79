//! Running other programs: in view, for their output, or behind one line of progress.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write, stderr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const SHOWN_AT_FAILURE: usize = 40;

/// Runs `command` in view of the user.
pub fn visible(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("starting {}", name(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// The same, and hands on each line that it writes to its standard output.
pub fn overheard(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", name(command)))?;
    if let Some(said) = child.stdout.take() {
        for line in BufReader::new(said).lines() {
            let line = line.with_context(|| format!("reading what {} says", name(command)))?;
            println!("{line}");
            hear(&line);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// What `command` writes to its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("starting {}", name(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} failed ({})\n{}",
            name(command),
            output.status,
            said.trim_end()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("reading what {} says", name(command)))
}

/// Whether `command` can be started and ends well; it says nothing to the user.
pub fn succeeds(command: &mut Command) -> bool {
    output(command).is_ok()
}

/// Runs `command` behind one line, `label` with the time and what the command says last; the end of its output
/// is in the error if it fails.
pub fn with_progress(label: &str, command: &mut Command) -> Result<()> {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", name(command)))?;
    let (sender, lines) = mpsc::channel();
    forward_lines(child.stdout.take(), sender.clone());
    forward_lines(child.stderr.take(), sender);

    let mut line = ProgressLine::new(label);
    let mut said = Vec::new();
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(text) => said.push(text),
            Err(RecvTimeoutError::Timeout) => {}
            // Both pipes are closed.
            Err(RecvTimeoutError::Disconnected) => break,
        }
        line.show(
            started.elapsed(),
            said.last().map_or("", |text| text.trim()),
        );
    }
    let status = child.wait()?;
    line.end(started.elapsed());
    if !status.success() {
        let end = said.len().saturating_sub(SHOWN_AT_FAILURE);
        bail!(
            "{} failed ({status})\n{}",
            name(command),
            said[end..].join("\n")
        );
    }
    Ok(())
}

/// `3:07`
pub fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// `command` as a person would type it, its program without the folder.
pub fn words(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words: Vec<_> = [program]
        .into_iter()
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

fn forward_lines(pipe: Option<impl Read + Send + 'static>, sender: mpsc::Sender<String>) {
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
}

/// Rewritten in place on a terminal; in a log, a new line every half minute.
struct ProgressLine<'a> {
    label: &'a str,
    terminal: bool,
    shown: Option<Duration>,
}

impl<'a> ProgressLine<'a> {
    fn new(label: &'a str) -> Self {
        let terminal = stderr().is_terminal();
        if !terminal {
            eprintln!("{label}");
        }
        Self {
            label,
            terminal,
            shown: None,
        }
    }

    fn show(&mut self, elapsed: Duration, detail: &str) {
        let pause = if self.terminal {
            Duration::from_millis(100)
        } else {
            Duration::from_secs(30)
        };
        if elapsed < self.shown.unwrap_or_default() + pause {
            return;
        }
        self.shown = Some(elapsed);
        let time = minutes(elapsed);
        if self.terminal {
            // Short enough for a narrow window: a wrapped line could not be rewritten.
            let text: String = format!("{} {time}  {detail}", self.label)
                .chars()
                .take(79)
                .collect();
            eprint!("\r\x1b[2K{text}");
            let _ = stderr().flush();
        } else {
            eprintln!("      {time}  {detail}");
        }
    }

    fn end(&self, elapsed: Duration) {
        if self.terminal {
            eprintln!("\r\x1b[2K{} ({})", self.label, minutes(elapsed));
        }
    }
}

fn name(command: &Command) -> String {
    format!("`{}`", words(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_carries_what_the_command_said() {
        let error = with_progress("trying", &mut shell("echo one; echo two >&2; exit 3"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("exit status: 3") && error.contains("one") && error.contains("two"),
            "{error}"
        );
        let error = output(&mut shell("echo why >&2; exit 1"))
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("why"), "{error}");
    }

    #[test]
    fn output_is_what_goes_to_the_standard_output() {
        assert_eq!(
            output(&mut shell("echo this; echo that >&2")).unwrap(),
            "this\n"
        );
        assert!(with_progress("trying", &mut shell("true")).is_ok());
    }

    #[test]
    fn minutes_have_two_digits_of_seconds() {
        assert_eq!(minutes(Duration::from_secs(187)), "3:07");
    }
}
