//! The session, step by step: each test is one story. What chance may make of it is the simulator's.

mod exchange;
mod renewal;
mod siblings;
