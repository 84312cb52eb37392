package script_test

import (
	"errors"
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
)

func ExampleParse() {
	s, err := script.Parse("syn.pkt", []byte(`// A SYN to a closed port draws a RST (RFC 9293 section 3.10.7.1)
   0 < c1: S 0:SIZE(SIZE) win 1000 <mss 1000>
  +0 > c1: R. 0:0(0) ack 1   //@RST_NO_SOCKET
`), script.Define{Name: "SIZE", Value: "0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range s.Events {
		fmt.Println(e.Pos.Line, e.Packet.Conn, e.Packet.TCP.Flags, e.Why)
	}
	fmt.Print(s)
	// Output:
	// 2 c1 S []
	// 3 c1 R. [RST_NO_SOCKET]
	// // A SYN to a closed port draws a RST (RFC 9293 section 3.10.7.1)
	// 0 < c1: S 0:0(0) win 1000 <mss 1000>
	// +0 > c1: R. 0:0(0) ack 1 //@RST_NO_SOCKET
}

func ExampleError_Detail() {
	_, err := script.Parse("bad.pkt", []byte("0 < S 0:0(0) win 1000 <mss 1460,wscale 7>"))
	var e *script.Error
	if errors.As(err, &e) {
		fmt.Println(e.Detail())
	}
	// Output:
	// bad.pkt:1:23: found "<", expected TCP options of a multiple of 4 bytes, not 7; add 1 nop
	// 0 < S 0:0(0) win 1000 <mss 1460,wscale 7>
	//                       ^
}
