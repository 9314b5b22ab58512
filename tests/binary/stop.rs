//! A clean stop leaves nothing behind that only a running server needs.

use crate::server::{Server, data_dir, verify};

/// Bugs: the control socket stayed behind after a clean stop; a SIGTERM right after the ready line was no clean stop.
#[test]
fn a_clean_stop_removes_the_control_socket_and_a_kill_leaves_one_that_the_next_start_replaces() {
    let (_directory, data) = data_dir();
    let socket = data.join("control.sock");
    let mut server = Server::start(&data);
    assert!(socket.exists());
    server.kill();
    assert!(socket.exists());
    let mut server = Server::start(&data);
    server.terminate();
    assert!(!socket.exists());
    verify(&data);
}
