package gvisor

import (
	"encoding/binary"
	"testing"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
)

func TestIntegerOptionsAreKept(t *testing.T) {
	for name, c := range map[string]struct{ level, name, set, got int32 }{
		"SO_REUSEADDR":      {solSocket, soReuseAddr, 1, 1},
		"SO_REUSEPORT":      {solSocket, soReusePort, 1, 1},
		"SO_KEEPALIVE":      {solSocket, soKeepalive, 7, 1},
		"SO_SNDBUF doubled": {solSocket, soSndbuf, 10_000, 20_000},
		"SO_RCVBUF doubled": {solSocket, soRcvbuf, 10_000, 20_000},
		"SO_RCVBUF least":   {solSocket, soRcvbuf, 1, 4096},
		"SO_RCVBUF most":    {solSocket, soRcvbuf, 1 << 30, 8 << 20},
		"TCP_NODELAY":       {solTCP, tcpNodelay, 1, 1},
		"TCP_CORK":          {solTCP, tcpCork, 1, 1},
		"TCP_QUICKACK":      {solTCP, tcpQuickack, 0, 0},
		"TCP_MAXSEG":        {solTCP, tcpMaxseg, 1000, 1000},
		"TCP_KEEPIDLE":      {solTCP, tcpKeepidle, 10, 10},
		"TCP_KEEPINTVL":     {solTCP, tcpKeepintvl, 11, 11},
		"TCP_KEEPCNT":       {solTCP, tcpKeepcnt, 12, 12},
		"TCP_SYNCNT":        {solTCP, tcpSyncnt, 3, 3},
		"TCP_LINGER2":       {solTCP, tcpLinger2, 5, 5},
		"TCP_USER_TIMEOUT":  {solTCP, tcpUserTimeout, 1234, 1234},
		"TCP_DEFER_ACCEPT":  {solTCP, tcpDeferAccept, 4, 4},
		"IP_TTL":            {solIP, ipTTL, 9, 9},
		"IP_TOS":            {solIP, ipTOS, 0x10, 0x10},
		"IP_MTU_DISCOVER":   {solIP, ipMTUDiscover, 2, 2},
		"IP_RECVERR":        {solIP, ipRecverr, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
			w.ok(setInt(fd, c.level, c.name, c.set))
			require.Equal(t, c.got, w.getInt(fd, c.level, c.name))
			require.Equal(t, einval, w.call(sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: c.level, Name: c.name, Len: -1}).Errno)
		})
	}
}

func TestIPv6OptionsAreKept(t *testing.T) {
	w := newWorld(t)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet6, Type: sockStream}).Value)
	for name, v := range map[int32]int32{ipv6Only: 1, ipv6UnicastHops: 9, ipv6Tclass: 0x20, ipv6Recverr: 1} {
		w.ok(setInt(fd, solIPv6, name, v))
		require.Equal(t, v, w.getInt(fd, solIPv6, name))
	}
	w.ok(setInt(fd, solIPv6, ipv6UnicastHops, -1))
	require.EqualValues(t, defaultTTL, w.getInt(fd, solIPv6, ipv6UnicastHops))
}

func TestDefaultsAreTheSentrys(t *testing.T) {
	w := newWorld(t)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	for name, c := range map[string]struct{ level, name, want int32 }{
		"SO_TYPE":       {solSocket, soType, sockStream},
		"SO_DOMAIN":     {solSocket, soDomain, afInet},
		"SO_PROTOCOL":   {solSocket, soProtocol, ipprotoTCP},
		"SO_SNDBUF":     {solSocket, soSndbuf, 1 << 20},
		"SO_RCVBUF":     {solSocket, soRcvbuf, 1 << 20},
		"TCP_NODELAY":   {solTCP, tcpNodelay, 0},
		"TCP_KEEPIDLE":  {solTCP, tcpKeepidle, 7200},
		"TCP_KEEPINTVL": {solTCP, tcpKeepintvl, 75},
		"TCP_KEEPCNT":   {solTCP, tcpKeepcnt, 9},
		"TCP_SYNCNT":    {solTCP, tcpSyncnt, 6},
		"TCP_LINGER2":   {solTCP, tcpLinger2, 60},
		"TCP_MAXSEG":    {solTCP, tcpMaxseg, 536},
		"IP_TTL":        {solIP, ipTTL, 64},
	} {
		require.Equal(t, c.want, w.getInt(fd, c.level, c.name), name)
	}
	cc := w.ok(sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: solTCP, Name: tcpCongestion, Len: 100})
	require.Equal(t, append([]byte("reno"), make([]byte, 12)...), cc.Data)
}

func TestBadOptionsAreRefused(t *testing.T) {
	w := newWorld(t)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	for _, c := range []struct {
		call sock.Call
		want sock.Errno
	}{
		{setInt(99, solTCP, tcpNodelay, 1), ebadf},
		{setInt(fd, solTCP, tcpKeepidle, 0), einval},
		{setInt(fd, solTCP, tcpKeepcnt, 128), einval},
		{setInt(fd, solTCP, tcpUserTimeout, -1), einval},
		{setInt(fd, solTCP, tcpSyncnt, 0), einval},
		{setInt(fd, solIP, ipTTL, 256), einval},
		{setInt(fd, solIPv6, ipv6Only, 1), enoprotoopt},
		{sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solTCP, Name: tcpNodelay, Data: []byte{1}}, einval},
		{sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solSocket, Name: soLinger, Data: []byte{1}}, einval},
		{sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solTCP, Name: tcpCongestion, Data: []byte("bbr")}, enoent},
		{sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: solSocket, Name: soError, Len: 3}, einval},
		{sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: solSocket, Name: 12345, Len: 4}, enoprotoopt},
		{sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: 12345, Name: 1, Len: 4}, enoprotoopt},
	} {
		require.Equal(t, c.want, w.call(c.call).Errno, "%+v", c.call)
	}
}

func TestTCPInfoTellsStateAndWindow(t *testing.T) {
	w := newWorld(t)
	// Without RACK there is no tail loss probe that would come first.
	require.NoError(t, w.in.Command("sysctl -q net.ipv4.tcp_recovery=0"))
	fd, _ := w.established()
	get := sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: solTCP, Name: tcpInfo, Len: 1000}
	b := w.ok(get).Data
	require.Len(t, b, sizeofInfo)
	require.EqualValues(t, 1, b[infoState], "TCP_ESTABLISHED")
	require.EqualValues(t, caOpen, b[infoCaState])
	require.EqualValues(t, 10, binary.LittleEndian.Uint32(b[infoSndCwnd:]))
	require.EqualValues(t, 1_000_000, binary.LittleEndian.Uint32(b[infoRTO:]))
	get.Len = 20
	require.Equal(t, b[:20], w.ok(get).Data)
	// After the first time-out the connection is in loss recovery.
	w.ok(sock.Call{Op: sock.OpWrite, FD: fd, Data: []byte("abc")})
	w.pass(1_500_000)
	get.Len = 1000
	b = w.ok(get).Data
	require.EqualValues(t, caLoss, b[infoCaState])
	require.EqualValues(t, 1, binary.LittleEndian.Uint32(b[infoSndCwnd:]))
}

func TestWhatGVisorLacksIsUnsupported(t *testing.T) {
	w := newWorld(t)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	for _, c := range []sock.Call{
		{Op: sock.OpEpollCreate},
		{Op: sock.Op(200)},
		{Op: sock.OpSocket, Domain: afInet, Type: sockRaw, Proto: ipprotoTCP},
		{Op: sock.OpSocket, Domain: afUnix, Type: sockStream},
		{Op: sock.OpSend, FD: fd, Flags: msgFastopen},
		{Op: sock.OpSend, FD: fd, Control: []sock.Control{{}}},
		{Op: sock.OpFcntl, FD: fd, N: 9},
		{Op: sock.OpIoctl, FD: fd, N: 0x8913},
		setInt(fd, solTCP, tcpFastopen, 1),
		setInt(fd, solTCP, tcpRepair, 1),
		setInt(fd, solIP, 15, 1),
	} {
		err := w.in.Call(0, c)
		require.ErrorIs(t, err, conformance.ErrUnsupported, "%+v", c)
		w.collect()
		require.Empty(t, w.events, "a call that is not supported has no outcome")
	}
	require.Equal(t, eafnosupport, w.call(sock.Call{Op: sock.OpSocket, Domain: 77, Type: sockStream}).Errno)
	require.Equal(t, einval, w.call(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream, Proto: ipprotoUDP}).Errno)
	require.Equal(t, eprotonosupp, w.call(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: 5}).Errno)
}

// Options that the Sentry accepts and ignores are accepted and ignored.
func TestUnknownOptionsAreIgnoredAsTheSentryDoes(t *testing.T) {
	w := newWorld(t)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	w.ok(setInt(fd, solSocket, 12345, 1))
	w.ok(setInt(fd, solTCP, 25, 1)) // TCP_NOTSENT_LOWAT
}
