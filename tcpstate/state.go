package tcpstate

// State is a state of RFC 9293 section 3.3.2. LISTEN belongs to the socket
// layer's listener, yet it is one of the eleven and has edges of its own.
type State uint8

// The eleven states, by the numbers that Linux gives them (include/net/tcp_states.h).
const (
	Established State = 1 + iota
	SynSent
	SynReceived
	FinWait1
	FinWait2
	TimeWait
	Closed
	CloseWait
	LastAck
	Listen
	Closing
	numStates
)

var stateNames = [numStates]string{
	Established: "ESTABLISHED", SynSent: "SYN-SENT", SynReceived: "SYN-RECEIVED",
	FinWait1: "FIN-WAIT-1", FinWait2: "FIN-WAIT-2", TimeWait: "TIME-WAIT",
	Closed: "CLOSED", CloseWait: "CLOSE-WAIT", LastAck: "LAST-ACK",
	Listen: "LISTEN", Closing: "CLOSING",
}

// String is the state's name as RFC 9293 writes it.
func (s State) String() string {
	if s == 0 || s >= numStates {
		return "INVALID"
	}
	return stateNames[s]
}

// in reports whether s is one of the states in set (a bit each).
func (s State) in(set uint16) bool { return set>>s&1 != 0 }

// States as bits, for tests of membership.
const (
	bitEstablished = 1 << Established
	bitSynSent     = 1 << SynSent
	bitSynReceived = 1 << SynReceived
	bitFinWait1    = 1 << FinWait1
	bitFinWait2    = 1 << FinWait2
	bitCloseWait   = 1 << CloseWait
	bitLastAck     = 1 << LastAck
	bitClosing     = 1 << Closing
	bitTimeWait    = 1 << TimeWait
	bitClosed      = 1 << Closed
	bitListen      = 1 << Listen
)

// Edge is a legal change of state and what brings it about.
type Edge struct {
	From, To State
	On       string // the event, as the state diagram prints it
}

// edges is the one table of legal changes: RFC 9293 figure 5, as Linux walks
// it. Where the figure takes two steps at once (FIN-WAIT-1 to TIME-WAIT on a FIN
// that also acknowledges ours, SYN-RECEIVED to CLOSE-WAIT on an ACK with FIN),
// Linux takes them one by one. The README's diagram is made from this table and
// become refuses any other edge.
var edges = [...]Edge{
	{Closed, Listen, "listen()"},
	{Closed, SynSent, "connect() / snd SYN"},
	// Linux: the request becomes a sock only now, or, with Fast Open, at the SYN.
	{Closed, SynReceived, "rcv ACK of SYN-ACK, or SYN with cookie / new connection"},
	{Listen, Closed, "close()"},
	{SynSent, SynReceived, "rcv SYN / snd SYN,ACK"},
	{SynSent, Established, "rcv SYN,ACK / snd ACK"},
	{SynSent, Closed, "rcv RST, time-out or close()"},
	{SynReceived, Established, "rcv ACK of SYN"},
	{SynReceived, FinWait1, "close() / snd FIN"},
	{SynReceived, Closed, "rcv RST, time-out or abort"},
	{Established, FinWait1, "close() / snd FIN"},
	{Established, CloseWait, "rcv FIN / snd ACK"},
	{Established, Closed, "rcv RST, time-out or abort"},
	{FinWait1, FinWait2, "rcv ACK of FIN"},
	{FinWait1, Closing, "rcv FIN / snd ACK"},
	{FinWait1, Closed, "rcv RST, time-out or abort"},
	{FinWait2, TimeWait, "rcv FIN / snd ACK"},
	{FinWait2, Closed, "rcv RST, time-out or abort"},
	{CloseWait, LastAck, "close() / snd FIN"},
	{CloseWait, Closed, "rcv RST, time-out or abort"},
	{Closing, TimeWait, "rcv ACK of FIN"},
	{Closing, Closed, "rcv RST, time-out or abort"},
	{LastAck, Closed, "rcv ACK of FIN, RST or time-out"},
	{TimeWait, Closed, "time-out, or rcv RST or new SYN"},
}

// legal is edges as a bit matrix, made once when the program starts.
var legal = func() (m [numStates]uint16) {
	for _, e := range edges {
		m[e.From] |= 1 << e.To
	}
	return m
}()

// Edges returns the legal changes of state, in the order of the table.
func Edges() []Edge { return append([]Edge(nil), edges[:]...) }

// LegalEdge reports whether a connection may go from one state to the other.
func LegalEdge(from, to State) bool {
	return from < numStates && to < numStates && legal[from]>>to&1 != 0
}
