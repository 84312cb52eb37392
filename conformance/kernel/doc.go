// Package kernel is the live Linux kernel as a stack under test.
//
// Each instance is a network namespace of its own with a TUN device that leads to everything but its one local address. Threads
// of this process live in it: one for each thread of a script, since a system call that blocks blocks its thread. Outbound
// packets are taken from a packet socket, which stamps them where the kernel hands them to the device, so that their times do
// not depend on how soon anyone reads them. The namespace ends with the last descriptor and thread in it: on Close, and with
// the process, however that ends.
//
// The clock is real. Instances keep script times to some 50 microseconds when their threads may run at real-time priority
// (root), at a few hundred otherwise; see [Parallel] for how many may run at once.
package kernel
