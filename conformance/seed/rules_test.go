package seed

// rule is one rule of the documents that this project began with: walks
// through the socket calls of Linux 2.4 and of a current kernel.
type rule struct {
	id, says string
	// alone is why no script shows the rule on the live kernel; empty for those
	// that have one.
	alone string
}

// Reasons why a rule is shown by a Go case on the model alone.
const (
	hooked  = "the live kernel has no hook that a test may use here"
	starved = "the live kernel would have to run out of memory or files"
	process = "the script language has one process, with all capabilities"
	inner   = "what it says shows in no call"
)

var rules = []rule{
	{"CR-01", "socket returns the lowest free descriptor", ""},
	{"CR-02", "protocol 0 picks the type's default", ""},
	{"CR-03", "a family that is out of range or has no creator is EAFNOSUPPORT", ""},
	{"CR-04", "a type out of range is EINVAL", ""},
	{"CR-05", "SOCK_NONBLOCK and SOCK_CLOEXEC land on the descriptor, other flags are EINVAL", ""},
	{"CR-06", "the security hook runs before anything is allocated and can refuse", hooked},
	{"CR-07", "a kernel socket says so to the security hook and skips the cgroup hook", hooked},
	{"CR-08", "the cgroup hook runs last, and its refusal leaks nothing", hooked},
	{"CR-09", "EMFILE, ENFILE and ENOBUFS leave nothing behind", starved},
	{"CR-10", "a new socket is unconnected and CLOSED", ""},
	{"CR-11", "a stream takes protocol 0 or TCP", ""},
	{"CR-12", "datagrams take protocol 0, UDP, or ICMP where allowed; checksums are on", ""},
	{"CR-13", "other types in range are ESOCKTNOSUPPORT", ""},
	{"CR-14", "a raw socket without CAP_NET_RAW is EPERM", process},
	{"CR-15", "a raw socket of protocol 0 is EPROTONOSUPPORT", ""},
	{"CR-16", "a raw socket reuses, has its protocol as number, and IPPROTO_RAW includes the header", ""},
	{"CR-17", "a raw socket has its number as source port and is hashed at once", ""},
	{"CR-18", "path-MTU discovery is DONT or WANT by the sysctl", ""},
	{"CR-19", "the TTL is the sysctl's; multicast loops, TTL 1, no interface", ""},
	{"CR-20", "generic defaults", ""},
	{"CR-21", "TCP defaults", ""},
	{"CR-22", "TCP sockets are counted", inner},
	{"CR-23", "a raw socket of ICMP starts with an empty filter", ""},
	{"CR-24", "datagrams have no protocol init; one that fails releases the socket", starved},
	{"CR-25", "operation tables by type, protocol and family of addresses", ""},

	{"AD-01", "EBADF for what is not open, ENOTSOCK for what is no socket", ""},
	{"AD-02", "address lengths out of range are EINVAL, unreadable memory EFAULT", ""},
	{"AD-03", "an address result is cut to the caller's length and its true length reported", ""},
	{"AD-04", "every call asks the security hook first", hooked},
	{"AD-05", "close frees the descriptor at once, the release goes on", ""},

	{"BI-01", "a short address is EINVAL, a strange family EAFNOSUPPORT", ""},
	{"BI-02", "nobody's address is EADDRNOTAVAIL unless allowed", ""},
	{"BI-03", "privileged ports", ""},
	{"BI-04", "not CLOSED, or bound already: EINVAL", ""},
	{"BI-05", "multicast and broadcast addresses are for receiving", ""},
	{"BI-06", "a taken port is EADDRINUSE and leaves the socket unbound", ""},
	{"BI-07", "what bind was given is locked", ""},
	{"BI-08", "port 0 takes a free ephemeral port, or EADDRINUSE", ""},
	{"BI-09", "conflicts follow SO_REUSEADDR, SO_REUSEPORT, device, state and address", ""},
	{"BI-10", "raw sockets have a bind of their own", ""},

	{"LI-01", "only an unconnected stream listens", ""},
	{"LI-02", "from CLOSED or LISTEN only", ""},
	{"LI-03", "listening again changes the backlog only", ""},
	{"LI-04", "listening starts with an empty accept queue", ""},
	{"LI-05", "the SYN queue is bounded", ""},
	{"LI-06", "the port is checked again once listening begins", ""},
	{"LI-07", "the backlog is clamped to somaxconn as unsigned; 0 admits one", ""},
	{"LI-08", "the listener is found only once listening is complete", ""},

	{"HQ-01", "a SYN becomes a request and draws a SYN-ACK", ""},
	{"HQ-02", "the completing ACK moves the request to the tail of the accept queue", ""},
	{"HQ-03", "backlog + 1 connections fit", ""},
	{"HQ-04", "a SYN that finds the accept queue full is dropped", ""},
	{"HQ-05", "a completing ACK that finds it full is ignored, or reset", ""},
	{"HQ-06", "SYN-ACKs are retransmitted and the request forgotten in the end", ""},
	{"HQ-07", "SYN queue full: drop, or a cookie", ""},
	{"HQ-08", "closing the listener resets what waits to be accepted", ""},

	{"AC-01", "accept4 takes SOCK_NONBLOCK and SOCK_CLOEXEC only", ""},
	{"AC-02", "not listening is EINVAL; datagram and raw EOPNOTSUPP", ""},
	{"AC-03", "empty and non-blocking is EAGAIN", ""},
	{"AC-04", "first in, first out", ""},
	{"AC-05", "a blocking accept waits for the receive time-out", ""},
	{"AC-06", "one arrival wakes one waiter, the one that waited longest", ""},
	{"AC-07", "the listener stops listening under a waiter: EINVAL", ""},
	{"AC-08", "a signal: restart without, EINTR with a time-out", ""},
	{"AC-09", "after a wake-up: queue, state, signal, time-out", ""},
	{"AC-10", "the accepted sock may be ESTABLISHED, SYN-RECEIVED, CLOSE-WAIT or CLOSED", ""},
	{"AC-11", "the peer's address comes out last; a connection reset while queued still comes out", ""},
	{"AC-12", "O_NONBLOCK is not inherited, options and buffers are", ""},
	{"AC-13", "closing the listener leaves accepted connections working", ""},

	{"CO-01", "AF_UNSPEC disconnects", ""},
	{"CO-02", "EISCONN when connected, EALREADY while connecting", ""},
	{"CO-03", "unconnected but not CLOSED is EISCONN", ""},
	{"CO-04", "an ephemeral port; none left is EADDRNOTAVAIL", ""},
	{"CO-05", "the SYN goes; without blocking EINPROGRESS", ""},
	{"CO-06", "a blocking connect waits for the send time-out, then EINPROGRESS", ""},
	{"CO-07", "a signal while waiting", ""},
	{"CO-08", "ended in CLOSED: the pending error, and the socket is reusable", ""},
	{"CO-09", "the second connect returns 0 once, then EISCONN", ""},
	{"CO-10", "strange addresses", ""},
	{"CO-11", "connect gives datagram and raw sockets a peer and a filter", ""},

	{"SR-01", "send is sendto without address, recv is recvfrom without one", ""},
	{"SR-02", "recv: what is there, 0 at the end, EAGAIN; MSG_PEEK, WAITALL, TRUNC, DONTWAIT", ""},
	{"SR-03", "send: EPIPE and SIGPIPE, ENOTCONN", ""},
	{"SR-04", "a datagram's source is copied out, a stream leaves it alone", ""},
	{"SR-05", "a pending error is returned once", ""},
	{"SR-06", "close with unread data resets; SO_LINGER", ""},
}
