//! What happened, in a few lines: written only when somebody reads it.

#[derive(Default)]
pub struct Story {
    lines: Option<Vec<String>>,
}

impl Story {
    pub fn told() -> Self {
        Self {
            lines: Some(Vec::new()),
        }
    }

    /// `what` is made only where it is told.
    pub fn tell(&mut self, now: u64, who: Option<char>, what: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let (seconds, ms) = (now / 1000, now % 1000);
            let who = who.unwrap_or(' ');
            lines.push(format!(
                "{:>4}:{:02}.{ms:03} {who} {}",
                seconds / 60,
                seconds % 60,
                what()
            ));
        }
    }

    pub fn text(&self) -> String {
        self.lines
            .as_ref()
            .map_or_else(String::new, |lines| lines.join("\n"))
    }
}
