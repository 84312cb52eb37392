package packetio_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"

	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// syn is a SYN as Linux sends it.
func syn() sock.Packet {
	return sock.Packet{
		Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"),
		SrcPort: 40000, DstPort: 80, Proto: sock.ProtoTCP, TTL: 64,
		Seg: tcpstate.Segment{Seq: 0xfffffff0, Flags: tcpstate.SYN, Wnd: 64240, Opts: tcpstate.Options{
			Set: tcpstate.OptMSS | tcpstate.OptSACKOK | tcpstate.OptWScale, MSS: 1460, WScale: 7}},
	}
}

func Example() {
	p := syn()
	wire, err := packetio.Encode(nil, &p)
	if err != nil {
		fmt.Println(err)
		return
	}
	var q sock.Packet
	fmt.Println(packetio.Decode(wire, &q), q.Seg.Flags, q.Seg.Opts.MSS)

	wire[len(wire)-1] ^= 1
	err = packetio.Decode(wire, &q)
	fmt.Println(packetio.Reason(err))
	fmt.Println(err)
	// Output:
	// <nil> S 1460
	// TCP_CSUM
	// packetio: packet dropped: TCP_CSUM: wrong TCP checksum
}

// A script may send whatever option list it likes, and see what a stack sent.
func ExampleEncodeRaw() {
	p := syn()
	wire, err := packetio.EncodeRaw(nil, &p, &packetio.Raw{Options: []packetio.Option{
		{Kind: packetio.KindNOP},
		{Kind: packetio.KindNOP},
		{Kind: packetio.KindSACKOK},
		{Kind: 253, Data: []byte{1, 2}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	options, err := packetio.Options(wire)
	fmt.Println(options, err)
	// Output:
	// [{1 []} {1 []} {4 []} {253 [1 2]}] <nil>
}

func ExampleLink() {
	bad := packetio.Impairments{Delay: 10_000, Loss: 300_000, Duplicate: 100_000}
	link, err := packetio.NewLink(bad, packetio.Impairments{}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 10 {
		link.Send(sock.Time(i), packetio.A, []byte{byte(i)})
	}
	at, _ := link.Deadline()
	fmt.Println(at >= 10_000, len(link.Receive(at-1, nil)))
	s := link.Stats()
	fmt.Println(s.Sent+s.Duplicated == s.Lost+uint64(link.UnderWay(packetio.B)))
	// Output:
	// true 0
	// true
}

func ExampleReadCapture() {
	var file bytes.Buffer
	w, err := packetio.NewCaptureWriter(&file, "two SYNs")
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 2 {
		p := syn()
		wire, _ := packetio.Encode(nil, &p)
		if err := w.Write(time.UnixMicro(int64(i)*1_000_000), wire, "retransmission"); err != nil {
			fmt.Println(err)
		}
	}
	packets, err := packetio.ReadCapture(bytes.NewReader(file.Bytes()[:file.Len()-7]))
	fmt.Println(len(packets), packets[0].Comment)
	fmt.Println(err)
	// Output:
	// 1 retransmission
	// packetio: capture is cut short at octet 204, after 1 packets: unexpected EOF
}
