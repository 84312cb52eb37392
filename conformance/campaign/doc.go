// Package campaign makes random system calls and sends random packets to two stacks at once, the model and the live kernel, and
// looks for the first step at which they differ.
//
// A history is drawn by rapid from what a program and a peer may do: several sockets, a few threads that may wait, connections
// over the link, whose peer is drawn too, and over loopback. Most packets suit the state of their connection; some are wild. After
// each step everything that shows must be the same: results, errnos, data, addresses, events, who still waits, the packets that
// left, the lengths of the listeners' queues. If asked to, a history waits now and then for what comes by itself: retransmissions,
// delayed ACKs, keepalive probes, time-outs of calls. A difference is shrunk and printed as a script, and saved as one with -save.
//
// What the draw depends on is the model's answers alone, which are the same each time, so that rapid can shrink and replay.
package campaign
