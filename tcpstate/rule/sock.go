package rule

// The socket layer's rules.
const (
	// NoSocket: a segment for which no socket is found is answered with RST.
	NoSocket ID = sockBase + iota
)

var sockRules = [...]Rule{
	{"NO_SOCKET", "RFC 9293 3.10.7.1", "tcp_v4_rcv: no_tcp_socket", "a segment for no socket is dropped, and answered with RST unless it is one"},
}
