package sock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// SIOCGSTAMP tells when the datagram came that was read last, from the first time on that somebody asks: before it is
// ENOENT, and the first answer is the time of asking (sock_gettstamp).
func TestAStampIsOfTheDatagramThatWasReadLast(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	ask := func(request int64) Return { return b.call(Call{Op: OpIoctl, FD: fd, N: request}) }
	read := func() {
		b.deliver(datagram(7000, "x"))
		b.now = b.now.Add(tcpstate.Second)
		require.Zero(t, b.call(recvCall(fd, 9, 0)).Errno)
	}
	at := func(r Return, unit int64) Time {
		require.Zero(t, r.Errno)
		return Time(rd64(r.Data)*tcpstate.Second + rd64(r.Data[8:])/unit)
	}
	read()
	require.Equal(t, b.now, at(ask(SIOCGSTAMP), 1), "nobody had asked")
	came := b.now
	read()
	require.Equal(t, came, at(ask(SIOCGSTAMPNS), 1000))

	fd = b.dgram(7001)
	require.Equal(t, ENOENT, ask(SIOCGSTAMP).Errno)
	stream := b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM})
	require.Equal(t, ENOENT, b.call(Call{Op: OpIoctl, FD: stream, N: SIOCGSTAMP}).Errno)
}

// A device's name that has no end, a pointer to nowhere, and an address that a device has not.
func TestRequestsToDevicesSayWhatIsWrong(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(0)
	ask := func(request int64, name string, fault Fault) Return {
		req := make([]byte, ifreqSize)
		copy(req, name)
		return b.call(Call{Op: OpIoctl, FD: fd, N: request, Data: req, Fault: fault})
	}
	require.Equal(t, ENODEV, ask(SIOCGIFINDEX, "tun0123456789abcdefghijklmnopqrst", 0).Errno)
	require.Equal(t, EFAULT, ask(SIOCGIFINDEX, "lo", FaultData).Errno)
	require.Equal(t, EFAULT, ask(SIOCGIFNAME, "lo", FaultData).Errno)
	require.Equal(t, EFAULT, b.call(Call{Op: OpIoctl, FD: fd, N: SIOCGIFMTU}).Errno)
	require.Equal(t, []byte{255, 0, 0, 0}, ask(SIOCGIFNETMASK, "lo", 0).Data[ifreqUnion+4:ifreqUnion+8])
	require.Equal(t, []byte{loopbackFlags, 0}, ask(SIOCGIFFLAGS, "lo:1", 0).Data[ifreqUnion:ifreqUnion+2])

	bare := newBench(t)
	bare.h.addrs = nil
	fd, b = bare.dgram(0), bare
	require.Equal(t, EADDRNOTAVAIL, ask(SIOCGIFADDR, "tun0", 0).Errno)
}
