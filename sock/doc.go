// Package sock is the socket layer of one network namespace and of the processes
// that live in it, as Linux 6.18 has it, as a deterministic machine: descriptors,
// the bind table, listeners with their two queues, blocking calls, options, poll
// and epoll, demultiplexing, and TCP for IPv4 and IPv6 from package tcpstate.
//
// A [Host] takes four kinds of input, each with the time at which it comes, and
// appends [Effect] values to the caller's slice:
//
//	Call       a system call of a thread; it returns now (Done) or waits (Parked)
//	Deliver    a packet from the link
//	Tick       time has come to Deadline
//	Interrupt  a signal
//
// There is no clock, no goroutine and no I/O inside. What the host would draw by
// chance (initial sequence numbers, ephemeral ports, timestamp offsets) comes from
// a seed, or from the caller through Choose. A thread that waits is a record, and
// goes on with a later input, in the order in which Linux would look: for accept,
// the queue before the state, the state before a signal, a signal before time.
//
// Threads belong to processes, each with descriptors, limits and credentials of
// its own; clone, execve and exit_group make and end them. HostConfig.Hooks are
// asked where Linux asks a security module, the cgroup and the allocator.
//
// The calls go through tables, as Linux's do: families create sockets (families),
// a type of socket binds the socket calls (sockOps), a protocol its own (protoOps),
// and TCP a table for each family of addresses (afOps). A new protocol is a table
// and a row.
//
// State is a value: [Host.Clone] copies it, [Host.Fingerprint] condenses it and
// [Host.Check] tests what must always hold.
package sock
