//! Signing in in a window of its own, while the page stays.
//!
//! The server's pages may cut the two windows off from each other (`Cross-Origin-Opener-Policy`), and the popup's copy of the storage is
//! older than the sign-in. So the `state` alone says that a callback is a popup's, and names the channel on which the callback page, which
//! knows nothing but its address, gives that to this page. The tokens are fetched here: none is on the channel.

use super::sign_in::{self, is_of_popup};
use super::{Outcome, Session};
use crate::error::Error;
use crate::platform::{Kept, Platform};
use crate::task::Shared;
use crate::words::{Code, Word};
use alloc::rc::Rc;

/// Where a callback comes from.
pub enum Source<P: Platform> {
    /// Here it is.
    Callback(P::Kept),
    /// Here it is, with its URL; but this page is a popup, and another one waits for it.
    OwnWindow(P::Kept, P::Kept),
    /// From a popup that was led to this address, with the count of sign-outs when it was opened.
    Popup(P::Operation, P::Kept, u32),
}

impl<P: Platform> Source<P> {
    /// Waits for it; `None` where none will come. What the caller hears before one comes, or in place of it, is brought to `outcome`.
    pub(super) async fn callback(
        self,
        session: &Rc<Session<P>>,
        outcome: &Shared<Outcome<P::Kept>>,
    ) -> Option<P::Kept> {
        let (mut popup, address, sign_outs) = match self {
            Self::Callback(callback) => return Some(callback),
            Self::OwnWindow(callback, url) => {
                // The window closes unless nobody answers: then it is a page like any other.
                let _ = session.platform.hand_over(&url).await;
                session.platform.spawn(session.clone().keep_fresh());
                return Some(callback);
            }
            Self::Popup(popup, address, sign_outs) => (popup, address, sign_outs),
        };
        loop {
            let said = match (&mut popup).await {
                Ok(Some(said)) => said,
                // As far as can be seen: what comes later is not lost.
                Ok(None) => {
                    outcome.bring(Err(Error::new(Code::PopupClosed)));
                    continue;
                }
                Err(_) => {
                    let is_signed_out = session.sign_outs.get() != sign_outs;
                    let code = if is_signed_out {
                        Code::SignedOut
                    } else {
                        Code::PopupClosed
                    };
                    outcome.bring(Err(Error::new(code)));
                    return None;
                }
            };
            let url = session.platform.relative(&said, Word::Url);
            let callback = url.and_then(|url| sign_in::callback(session, &url));
            // Whatever else is said there is none of ours.
            if let Some(callback) = callback
                && callback.same(Word::State, &address, Word::State)
            {
                return Some(callback);
            }
        }
    }
}

/// Closes the popup of a caller who gives up.
pub(super) struct Guard<'a, P: Platform>(pub &'a P);

impl<P: Platform> Drop for Guard<'_, P> {
    fn drop(&mut self) {
        self.0.close_popups();
    }
}

impl<P: Platform> Session<P> {
    /// Whether the page is a popup that came back from the server.
    pub(super) fn is_popup(&self) -> bool {
        let url = self.platform.address();
        url.and_then(|url| sign_in::callback(self, &url))
            .is_some_and(|callback| is_of_popup(&callback))
    }
}
