//! Permission in the handler's type: a handler that takes a [`staff::StaffOf`] runs only for someone signed in, one that
//! takes a [`rights::AgendaOf`] only for someone with that right on that agenda, one that takes a [`agenda::PublicAgenda`]
//! only for a page that exists, one that takes a [`body::Body`] only with a well-formed body, one that takes a
//! [`visitor::Comes`] only for what a script of ours has sent.

pub mod agenda;
pub mod body;
pub mod operator;
pub mod rights;
pub mod staff;
pub mod visitor;
