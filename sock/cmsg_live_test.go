//go:build linux && amd64

package sock

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// sendMessages are control messages that a send may bring, right and wrong ones.
func sendMessages() (list []Control) {
	for _, typ := range []int32{0, SCM_RIGHTS, SCM_CREDENTIALS, 3, SO_PRIORITY, SO_TIMESTAMP, SO_MARK, SO_TIMESTAMPING, SO_TXTIME, SO_TIMESTAMPING_NEW, 78, SCM_DEVMEM_DMABUF, 80, SCM_TS_OPT_ID, 99, -1} {
		for _, data := range [][]byte{nil, {1}, {1, 0}, cint(0), cint(1), cint(3), cint(4), cint(7), cint(1 << 18), cint(1 << 19), cint(-1), make([]byte, 8), make([]byte, 12)} {
			list = append(list, Control{Level: SOL_SOCKET, Type: typ, Data: data})
		}
	}
	return append(list, Control{SOL_IP, IP_TTL, cint(500)}, Control{SOL_TCP, 99, cint(1)}, Control{SOL_IPV6, 9999, cint(1)}, Control{77, 1, nil})
}

// Every control message of the socket layer is taken and refused as on the
// kernel, by streams and by datagrams, before and after the options that some of
// them ask for; and what came with a refused one is not sent (sock_cmsg_send).
func TestControlMessagesOfSendsAreTakenAndRefusedAsOnTheLiveKernel(t *testing.T) {
	k := newLive(t)
	kinds := []struct {
		name string
		make func(p *optPair) (from, to int)
	}{
		{"a connection", func(p *optPair) (int, int) { return p.connected(AF_INET, netip.MustParseAddrPort("127.0.0.1:0")) }},
		{"a stream that is not connected", func(p *optPair) (int, int) { return p.open(AF_INET, SOCK_STREAM), -1 }},
		{"datagrams", func(p *optPair) (int, int) {
			from, to := p.open(AF_INET, SOCK_DGRAM), p.open(AF_INET, SOCK_DGRAM)
			at := Addr{Family: AF_INET, AP: netip.MustParseAddrPort("127.0.0.1:7001")}
			p.call(t, to, Call{Op: OpBind, Addr: at, AddrLen: 16})
			p.call(t, from, Call{Op: OpConnect, Addr: at, AddrLen: 16})
			return from, to
		}},
	}
	options := []Call{{}, setCall(0, SOL_SOCKET, SO_TXTIME, append(cint(clockMonotonic), cint(0)...)), setCall(0, SOL_SOCKET, SO_TIMESTAMPING, cint(stampOptID))}
	for _, kind := range kinds {
		for _, option := range options {
			p := &optPair{pair: newPair(t, k), t: t}
			from, to := kind.make(p)
			if option.Op != 0 {
				p.pair.call(t, from, option)
			}
			for _, c := range sendMessages() {
				name := fmt.Sprintf("%s, option %d, message %d.%d %x", kind.name, option.Name, c.Level, c.Type, c.Data)
				same(t, p, name, from, Call{Op: OpSend, Data: []byte("hi"), Control: []Control{c}, Flags: MSG_DONTWAIT | MSG_NOSIGNAL})
				if to >= 0 {
					same(t, p, name+", received", to, Call{Op: OpRecv, Len: 100, Flags: MSG_DONTWAIT})
				}
			}
			p.end()
		}
	}
}

// same makes the call on the kernel with control messages, and on the model.
func same(t *testing.T, p *optPair, name string, slot int, c Call) {
	c.FD = p.fds[0][slot]
	want := p.k.dgram(c)
	got := p.model(slot, c)
	require.Equal(t, fmt.Sprint(want.Value, " ", ErrnoName(want.Errno), " ", string(want.Data)), fmt.Sprint(got.Value, " ", ErrnoName(got.Errno), " ", string(got.Data)), name)
}
