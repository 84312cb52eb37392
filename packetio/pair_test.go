package packetio_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

var (
	clientAddr = netip.MustParseAddr("192.0.2.1")
	serverAddr = netip.MustParseAddr("192.0.2.2")
)

const serverPort = 8080

func inet(a netip.Addr, port uint16) sock.Addr {
	return sock.Addr{Family: sock.AF_INET, AP: netip.AddrPortFrom(a, port)}
}

// must gives what a call returned that has to succeed.
func must(r sock.Return) sock.Return {
	if r.Errno != 0 {
		panic(fmt.Sprintf("a call failed: %s", sock.ErrnoName(r.Errno)))
	}
	return r
}

// server is the one that the mission's first document walks through: backlog 1,
// one client after the other. It sends back what it gets, and reports how much.
func server(clients int, served func(octets int, peer netip.AddrPort)) packetio.Program {
	return func(call func(sock.Call) sock.Return) {
		l := int32(must(call(sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM})).Value)
		must(call(sock.Call{Op: sock.OpBind, FD: l, Addr: inet(netip.IPv4Unspecified(), serverPort), AddrLen: 16}))
		must(call(sock.Call{Op: sock.OpListen, FD: l, N: 1}))
		for range clients {
			a := must(call(sock.Call{Op: sock.OpAccept, FD: l}))
			fd, n := int32(a.Value), 0
			for {
				r := must(call(sock.Call{Op: sock.OpRecv, FD: fd, Len: 4096}))
				if len(r.Data) == 0 {
					break // the client has no more to say
				}
				n += len(r.Data)
				must(call(sock.Call{Op: sock.OpSend, FD: fd, Data: r.Data}))
			}
			must(call(sock.Call{Op: sock.OpClose, FD: fd}))
			served(n, a.Addr.AP)
		}
		must(call(sock.Call{Op: sock.OpClose, FD: l}))
	}
}

// client sends what it has, says that this was all, and reads until the server
// says the same.
func client(data []byte, got func([]byte)) packetio.Program {
	return func(call func(sock.Call) sock.Return) {
		fd := int32(must(call(sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM})).Value)
		must(call(sock.Call{Op: sock.OpConnect, FD: fd, Addr: inet(serverAddr, serverPort), AddrLen: 16}))
		var back []byte
		for rest := data; len(rest) > 0; {
			n := must(call(sock.Call{Op: sock.OpSend, FD: fd, Data: rest[:min(len(rest), 8192)]})).Value
			rest = rest[n:]
			r := must(call(sock.Call{Op: sock.OpRecv, FD: fd, Len: int32(n), Flags: sock.MSG_WAITALL}))
			back = append(back, r.Data...)
		}
		must(call(sock.Call{Op: sock.OpShutdown, FD: fd, N: sock.SHUT_WR}))
		r := must(call(sock.Call{Op: sock.OpRecv, FD: fd, Len: 1}))
		must(call(sock.Call{Op: sock.OpClose, FD: fd}))
		got(append(back, r.Data...))
	}
}

func host(a netip.Addr, seed uint64) *sock.Host {
	return sock.New(sock.HostConfig{Addrs: []netip.Prefix{netip.PrefixFrom(a, 24)}, FirstFile: 3, Seed: seed})
}

// converse runs the server for as many clients at once, each with data of its
// own, and gives what happened to the connections.
func converse(t *testing.T, clients, octets int, imp packetio.Impairments, seed uint64) (changes []string, end sock.Time) {
	link, err := packetio.NewLink(imp, imp, seed)
	require.NoError(t, err)
	a, b := host(clientAddr, seed), host(serverAddr, seed+1)
	require.NoError(t, b.SetSysctl("net.ipv4.tcp_syncookies", "0"))
	p := packetio.NewPair(a, b, link)
	defer p.Close()
	p.Watch = func(end packetio.End, e *sock.Effect) {
		if e.Kind == sock.Changed {
			changes = append(changes, fmt.Sprintf("%c %d %v", "CS"[end], e.Sock, e.To))
		}
	}
	served, answered := 0, 0
	require.NoError(t, p.Start(packetio.B, 1, server(clients, func(n int, peer netip.AddrPort) {
		require.Equal(t, octets, n)
		require.Equal(t, clientAddr, peer.Addr())
		served++
	})))
	for i := range clients {
		data := bytes.Repeat([]byte{byte(i), 1, 2, 3, 5, 7, 11, byte(i)}, octets/8)
		require.NoError(t, p.Start(packetio.A, sock.Thread(i+1), client(data, func(back []byte) {
			require.True(t, bytes.Equal(data, back), "client %d", i)
			answered++
		})))
	}
	require.NoError(t, p.Run(tcpstate.Minute*60))
	require.Equal(t, [2]int{clients, clients}, [2]int{served, answered})
	end = p.Now()
	require.NoError(t, p.Settle(tcpstate.Minute*10))
	for _, h := range []*sock.Host{a, b} {
		require.NoError(t, h.Check())
		require.Zero(t, h.SocketsInUse(), "nothing is left behind")
	}
	return changes, end
}

// AC-13, S0: the client and the server with backlog 1, both ends on the model.
func TestClientAndServer(t *testing.T) {
	changes, _ := converse(t, 1, 800, packetio.Impairments{Delay: 10_000}, 1)
	of := func(who string) (states []string) {
		for _, c := range changes {
			if state, ok := strings.CutPrefix(c, who); ok {
				states = append(states, state)
			}
		}
		return states
	}
	require.Equal(t, []string{"LISTEN", "CLOSED"}, of("S 0 "))
	require.Equal(t, []string{"ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"}, of("S 1 "))
	require.Equal(t, []string{"SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"}, of("C 0 ")[:5])
}

// Four clients at once meet queues for two: the others' SYNs are dropped and sent
// again, and all are served. (Cookies would let them in to no good: once the
// accept queue is full, data beyond the first segment has no cookie any more.)
func TestClientsAtOnceAreServedOneAfterTheOther(t *testing.T) {
	_, quick := converse(t, 1, 8000, packetio.Impairments{Delay: 1000}, 1)
	_, crowd := converse(t, 4, 8000, packetio.Impairments{Delay: 1000}, 1)
	require.Greater(t, crowd, quick)
}

func TestClientAndServerOverABadLink(t *testing.T) {
	for seed := range uint64(20) {
		imp := packetio.Impairments{Delay: 20_000, Jitter: 5000, Loss: 50_000, Duplicate: 20_000, Reorder: 50_000}
		changes, end := converse(t, 2, 80_000, imp, seed)
		again, same := converse(t, 2, 80_000, imp, seed)
		require.Equal(t, changes, again, "the same every time")
		require.Equal(t, end, same)
	}
}

func TestAPairSaysWhoWaits(t *testing.T) {
	link, err := packetio.NewLink(packetio.Impairments{}, packetio.Impairments{}, 0)
	require.NoError(t, err)
	p := packetio.NewPair(host(clientAddr, 1), host(serverAddr, 2), link)
	require.NoError(t, p.Start(packetio.B, 7, server(1, nil)))
	require.Error(t, p.Start(packetio.B, 7, server(1, nil)), "the thread has a program already")
	require.ErrorContains(t, p.Run(tcpstate.Minute), "nothing will happen any more, and thread 7 of host B waits in accept4 of descriptor 3")
	require.NoError(t, p.Start(packetio.A, 1, func(call func(sock.Call) sock.Return) {
		call(sock.Call{Op: sock.OpPoll, Timeout: 1 << 30})
	}))
	require.ErrorContains(t, p.Run(tcpstate.Minute), "the time is over, and thread 1 of host A waits in poll")
	p.Close()
}

// A client asks a server on another host: the program is the one that would run
// on a kernel, and the conversation takes no time at all.
func ExamplePair() {
	link, err := packetio.NewLink(packetio.Impairments{Delay: 10_000}, packetio.Impairments{Delay: 10_000}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := packetio.NewPair(host(clientAddr, 1), host(serverAddr, 2), link)
	defer p.Close()
	_ = p.Start(packetio.B, 1, server(1, func(n int, _ netip.AddrPort) { fmt.Println("the server has seen", n, "octets") }))
	_ = p.Start(packetio.A, 1, client([]byte("hello"), func(back []byte) { fmt.Printf("the client got back %q\n", back) }))
	err = p.Run(tcpstate.Minute)
	fmt.Println(err, (p.Now()-sock.Time(tcpstate.Minute))/1000, "ms")
	// Output:
	// the server has seen 5 octets
	// the client got back "hello"
	// <nil> 60 ms
}
