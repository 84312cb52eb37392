// Package gvisor runs scripts on gVisor's netstack, in process: no root, no TUN
// device, any operating system, and the same bytes at the same virtual times in
// every run.
//
// # What it is
//
// Netstack is the network stack of gVisor. The program that a container talks
// to, the Sentry, translates Linux system calls to netstack's endpoint
// interface (gVisor: pkg/sentry/socket/netstack, pkg/sentry/syscalls/linux).
// This package does what the Sentry does, rule by rule, so that a script sees
// what a process in a gVisor container would see: the errnos, the listen
// backlog plus one, Nagle on for each new or accepted socket, options that are
// accepted and ignored. Where a function follows one of the Sentry's, its
// comment names it.
//
// # Settings
//
// As runsc sets them for a container (runsc/boot: newEmptySandboxNetworkStack):
// SACK on, RACK loss detection, receive buffer auto-tuning on, TTL 64, HandleLocal
// on. All else is netstack's own default: Reno, initial window 10, send and
// receive buffer 1 MiB within 4 KiB to 4 MiB, SYN retried 6 times from 1 s on,
// RTO between 200 ms and 120 s, TIME-WAIT and FIN-WAIT-2 60 s, acknowledgments
// not delayed (TCPDelayEnabled is a default for Nagle, and netstack has no
// delayed ACK), timestamps and window scaling always on, no ECN, no Fast Open,
// no urgent data. The link offers no segmentation offload, so that every segment
// is a packet of its own; the checksums of packets that arrive are verified.
//
// # Determinism
//
// Netstack hands segments to worker goroutines. Stack.Pause followed by
// Stack.Resume returns when the workers have nothing left to do, so each input
// runs to its end before the next; and there is one worker (GOMAXPROCS is 1 while
// the stack is made), so that an input with several consequences has one order. Time is a clock of this package, in whole microseconds, that fires equal
// deadlines in the order in which they were armed. Both random sources are
// seeded from Setup.Seed. No goroutine stands for a blocked thread: a call that
// would block leaves a record that is tried again when its wait queue notifies.
//
// # Limits
//
// STREAM and DGRAM sockets over IPv4 and IPv6, on one link and a loopback.
// epoll, raw sockets, control messages of packets, Fast Open, TCP_REPAIR, MD5 and whatever
// else is missing answer with an error that wraps conformance.ErrUnsupported
// and says why.
package gvisor
