//! What the server says of the user, asked with the access token.

use super::flight::{self, Why};
use super::{Outcome, Session};
use crate::platform::Platform;
use crate::protocol::{discovery::Endpoint, user_info};
use alloc::rc::Rc;

/// The claims as they came, asked for with a fresh access token.
pub async fn user_info<P: Platform>(session: Rc<Session<P>>) -> Outcome<P::Kept> {
    let held = session.live_record()?;
    let endpoint = session.endpoint(Endpoint::Userinfo).await?;
    if !session.is_fresh(&held, 0.0)
        && let Err(error) = flight::refresh(session.clone(), None, Why::AccessToken).await
        && !session.is_valid(&held)
    {
        return Err(error);
    }
    let record = session.live_record()?;
    let answer = session.ask_with(&endpoint, &record).await?;
    user_info::check(answer, &record)
}
