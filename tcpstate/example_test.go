package tcpstate_test

import (
	"fmt"

	"github.com/sockspec/sockspec/tcpstate"
)

// An active open and a write: the caller feeds inputs with their time and does
// what the outputs say.
func ExampleConn_Step() {
	cfg := tcpstate.Linux()
	conn := tcpstate.New(tcpstate.Params{Cfg: &cfg, ISS: 1000, MTU: 1500})
	now := tcpstate.Time(tcpstate.Second)
	var out []tcpstate.Output
	step := func(in tcpstate.Input) {
		in.Now = now
		out = conn.Step(in, out[:0])
		for _, o := range out {
			switch o.Kind {
			case tcpstate.Emit:
				fmt.Printf("send %v seq %d len %d  # %v\n", o.Seg.Flags, o.Seg.Seq, o.Seg.Len, o.Why)
			case tcpstate.Became:
				fmt.Printf("%v → %v  # %v\n", o.From, o.To, o.Why)
			case tcpstate.Acked:
				fmt.Printf("%d octets acknowledged  # %v\n", o.N, o.Why)
			}
		}
	}
	step(tcpstate.Input{Kind: tcpstate.Open})
	now = now.Add(20 * tcpstate.Millisecond)
	step(tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: tcpstate.Segment{
		Seq: 5000, Ack: 1001, Flags: tcpstate.SYN | tcpstate.ACK, Wnd: 65535}})
	step(tcpstate.Input{Kind: tcpstate.Send, N: 300})
	now = now.Add(20 * tcpstate.Millisecond)
	step(tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: tcpstate.Segment{
		Seq: 5001, Ack: 1301, Flags: tcpstate.ACK, Wnd: 65535}})
	// Output:
	// CLOSED → SYN-SENT  # active-open
	// send S seq 1000 len 0  # active-open
	// SYN-SENT → ESTABLISHED  # syn-ack-received
	// send . seq 1001 len 0  # syn-ack-received
	// send P. seq 1001 len 300  # data-sent
	// 300 octets acknowledged  # data-acked
}

// A passive open: the listener answers the SYN, the request waits for the ACK,
// and Accept makes the connection, which then takes the same segment.
func ExampleAccept() {
	cfg := tcpstate.Linux()
	l := &tcpstate.Listener{Params: tcpstate.Params{Cfg: &cfg, ISS: 1000, MTU: 1500}}
	now := tcpstate.Time(tcpstate.Second)
	syn := tcpstate.Segment{Seq: 5000, Flags: tcpstate.SYN, Wnd: 65535}
	if answer, why := tcpstate.Listens(&syn); answer != tcpstate.ListenSyn {
		fmt.Println("refused:", why)
		return
	}
	req, out := l.AnswerSYN(tcpstate.Input{Kind: tcpstate.SegmentArrives, Now: now, Seg: syn}, nil)
	fmt.Println(out[0].Seg.Flags, out[0].Seg.Ack, out[0].Why)

	ack := tcpstate.Input{Kind: tcpstate.SegmentArrives, Now: now.Add(20 * tcpstate.Millisecond), Seg: tcpstate.Segment{
		Seq: 5001, Ack: 1001, Len: 5, Flags: tcpstate.ACK, Wnd: 65535}}
	out = req.Step(l, ack, out[:0])
	fmt.Println(out[0].Kind == tcpstate.Promote, out[0].Why)

	conn := tcpstate.Accept(l.Params, &req, &ack.Seg)
	conn.Step(ack, out[:0])
	fmt.Println(conn.State(), conn.Readable())
	// Output:
	// S. 5001 syn-ack-sent
	// true request-complete
	// ESTABLISHED 5
}
