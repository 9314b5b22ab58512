// The peer: uWebSockets as it comes. Boards join the topic of their address; a message over /publish holds the numbers of topics
// (four bytes each, little endian), each of which is published once. Prints `ready PORT`.
"use strict";
const uws = require("uwebsockets");

const payload = "x".repeat(Number(process.argv[2]));
const app = uws.App();
app.ws("/live", {
  idleTimeout: 120,
  upgrade: (response, request, context) => {
    response.upgrade(
      { topic: request.getQuery("practitioner") },
      request.getHeader("sec-websocket-key"),
      request.getHeader("sec-websocket-protocol"),
      request.getHeader("sec-websocket-extensions"),
      context,
    );
  },
  open: (socket) => socket.subscribe(socket.getUserData().topic),
});
app.ws("/publish", {
  maxPayloadLength: 1024 * 1024,
  message: (_socket, message) => {
    const numbers = new DataView(message);
    for (let at = 0; at < numbers.byteLength; at += 4) {
      app.publish(`agenda-${numbers.getUint32(at, true)}`, payload, false);
    }
  },
});
app.listen("127.0.0.1", 0, (listening) => {
  console.log(`ready ${uws.us_socket_local_port(listening)}`);
});
