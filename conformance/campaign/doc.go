// Package campaign makes random system calls and sends random packets to two stacks at once, the model and the live kernel, and
// looks for the first step at which they differ.
//
// A history is drawn by rapid from what a program and a peer may do: several sockets, a few threads that may wait, connections
// over the link, whose peer is drawn too, and over loopback. Most packets suit the state of their connection; some are wild. After
// each step everything that shows must be the same: results, errnos, data, addresses, events, who still waits, the packets that
// left with their octets, the lengths of the listeners' queues. Left out are chance and clocks: identifications, flow labels, checksums,
// the stack's own time stamps, who gets what among sockets that share a port; and what an ICMP error quotes, but for its length. If asked
// to, a history waits now and then for what comes by itself: retransmissions, delayed ACKs, keepalive probes, time-outs of calls. A
// difference is shrunk and printed as a script, and saved as one with -save.
//
// A history may be a list, too, that was made before it is played: package fuzz makes lists of random inputs of its targets. Their
// steps are deeds that suited the endpoint or host of the target, whatever the two stacks made of those before.
//
// Linux counts time in ticks. The model's are as long and at the same moments, so that both count the same of them. But Linux's timers
// are late, by up to a slot of its timer wheel, and early by what rounding has made of the spans that they are reckoned from. So the
// model follows it: no step begins while a timer is near, a timer of the model fires when Linux's did, if that shows, or a little
// before its time, if that ends a difference. What still differs and no longer does when pauses last a little longer or shorter is told
// apart ([Finding.Tick]).
//
// What the draw depends on is the model's answers alone, which are the same each time, so that rapid can shrink and replay.
package campaign
