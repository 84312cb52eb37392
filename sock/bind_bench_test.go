package sock

import "testing"

// crowded is a host with n listeners, each on a port of its own.
func crowded(b *testing.B, n int) *Host {
	h := New(HostConfig{FirstFile: 3, Seed: 1, Addrs: testConfig().Addrs, MaxFiles: int32(n) + 100})
	var out []Effect
	for i := range n {
		out = h.Call(1, 1, socketCall(), out[:0])
		fd := int32(out[len(out)-1].Return.Value)
		out = h.Call(1, 1, bindCall(fd, in4(localV4, uint16(1024+i))), out[:0])
		out = h.Call(1, 1, listenCall(fd, 1), out[:0])
		if r := out[len(out)-1].Return; r.Errno != 0 {
			b.Fatal(ErrnoName(r.Errno))
		}
	}
	return h
}

// A lookup and a new socket take no longer with 10,000 listeners than with 10.
func BenchmarkCrowd(b *testing.B) {
	for _, n := range []struct {
		name string
		n    int
	}{{"10", 10}, {"10000", 10000}} {
		h := crowded(b, n.n)
		f := flow{in4(localV4, uint16(1024+n.n/2)).AP, in4(remoteV4, 5).AP}
		b.Run("lookup/"+n.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.findListener(f, nil)
			}
		})
		b.Run("socket/"+n.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.free(h.newTCPSock())
			}
		})
	}
}

// newTCPSock is a socket without descriptor.
func (h *Host) newTCPSock() *sock {
	s, _ := h.createSock(AF_INET, SOCK_STREAM, 0, false)
	return s
}
