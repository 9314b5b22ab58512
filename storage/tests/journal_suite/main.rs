//! The journal's tests: its promises one by one, power cuts at every point, faults, damage to every byte.

mod basics;
mod crashes;
mod damage;
mod faults;
mod support;
