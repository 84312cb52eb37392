// Package matrix compares stacks call by call: every system call on every kind of socket in every state that it can be in, as
// recorded from the live Linux kernel.
//
// A cell is a kind of socket, a state (a few calls and packets that lead there) and a call. What the call comes to - value, errno,
// data, address, flags, events, SIGPIPE, whether it waits and what then ends the wait, the packets that leave - is one line of
// text. Sequence numbers count from each side's SYN, ephemeral ports are named in the order in which they show up, and the
// values of timestamps are left out, so that the text is the same each time and on each stack that does as Linux does.
package matrix
