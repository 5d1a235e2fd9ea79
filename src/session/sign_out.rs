//! Ending the session here, whatever the network does.

use super::Session;
use crate::error::Error;
use crate::platform::{Event, Platform, Slot};
use crate::words::Code;

impl<P: Platform> Session<P> {
    /// Clears everything of this client, and answers those who wait for a refresh. Without a session there is nothing to tell.
    pub fn sign_out(&self) {
        let had_session = self.record().is_some();
        for &slot in &[Slot::SignIns, Slot::Metadata, Slot::Record] {
            self.platform.remove(slot);
        }
        self.begin_epoch();
        if had_session {
            self.end(Event::SignedOut, None);
        }
        self.land(None, Err(Error::new(Code::SignedOut)));
    }
}
