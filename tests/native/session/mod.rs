//! The session, step by step: each test is one story. What chance may make of it is the simulator's.

mod budget;
mod clock;
mod diagnostics;
mod endpoints;
mod exchange;
mod failures;
mod full_storage;
mod keys;
mod leaving;
mod limits;
mod popup;
mod renewal;
mod sharing;
mod siblings;
mod sign_in;
mod sign_out;
mod sleeping;
mod storage;
mod using;
