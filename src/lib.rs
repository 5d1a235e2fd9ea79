//! Keeps people signed in.
#![no_std]
