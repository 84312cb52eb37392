package gvisor

import (
	"testing"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"pgregory.net/rapid"
)

func TestSysctlsOfNetstackTakeEffect(t *testing.T) {
	w := newWorld(t)
	for _, set := range [][2]string{
		{"tcp_sack", "0"}, {"tcp_rmem", "4096 540000 15728640"}, {"tcp_wmem", "4096 262144 4194304"},
		{"tcp_congestion_control", "cubic"}, {"tcp_recovery", "1"}, {"tcp_syn_retries", "5"},
		{"tcp_moderate_rcvbuf", "0"}, {"tcp_fin_timeout", "30"}, {"tcp_retries2", "8"}, {"tcp_tw_reuse", "1"},
		{"tcp_syncookies", "1"}, {"tcp_rto_min_us", "5000"}, {"tcp_rto_max_ms", "60000"},
		{"tcp_invalid_ratelimit", "0"}, {"ip_local_port_range", "50000 50000"}, {"ip_default_ttl", "33"},
		{"tcp_fastopen", "0x70403"}, {"tcp_timestamps", "1"}, {"tcp_fack", "0"}, {"tcp_slow_start_after_idle", "0"},
	} {
		require.NoError(t, w.in.Command(conformance.SysctlCommand("net.ipv4."+set[0], set[1])), set[0])
	}
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream | sockNonblock}).Value)
	require.EqualValues(t, 540000, w.getInt(fd, solSocket, soRcvbuf))
	require.EqualValues(t, 262144, w.getInt(fd, solSocket, soSndbuf))
	require.EqualValues(t, 5, w.getInt(fd, solTCP, tcpSyncnt))
	require.EqualValues(t, 30, w.getInt(fd, solTCP, tcpLinger2))
	cc := w.ok(sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: solTCP, Name: tcpCongestion, Len: 5})
	require.Equal(t, "cubic", string(cc.Data))

	a, n := w.addr(w.remote(), 80)
	require.Equal(t, einprogress, w.call(sock.Call{Op: sock.OpConnect, FD: fd, Addr: a, AddrLen: n}).Errno)
	require.Len(t, w.events, 1)
	ip := header.IPv4(w.events[0].Packet)
	require.EqualValues(t, 33, ip.TTL())
	tcp := header.TCP(payload(t, w.events[0].Packet))
	require.EqualValues(t, 50000, tcp.SourcePort())
	require.False(t, header.ParseSynOptions(tcp.Options(), false).SACKPermitted)
}

func TestSynOffersSACKTimestampsAndScale(t *testing.T) {
	w := newWorld(t)
	w.connect(1, sockStream)
	require.Len(t, w.events, 1)
	o := header.ParseSynOptions(header.TCP(payload(t, w.events[0].Packet)).Options(), false)
	require.True(t, o.SACKPermitted)
	require.True(t, o.TS)
	require.EqualValues(t, 1460, o.MSS)
	require.Positive(t, o.WS)
}

func TestCommandsThatGVisorCannotExpressAreUnsupported(t *testing.T) {
	w := newWorld(t)
	for _, cmd := range []string{
		"sysctl -q net.ipv4.tcp_timestamps=2",
		"sysctl -q net.ipv4.tcp_ecn=1",
		"sysctl -q net.ipv4.tcp_no_such_thing=1",
		"sysctl -q net.ipv4.tcp_congestion_control=bbr",
		`sysctl -q net.ipv4.tcp_rmem="9 8 7"`,
		"sysctl -q net.ipv4.tcp_syn_retries=0",
		"sysctl net.ipv4.tcp_sack",
		"ip route add 10.0.0.0/8 dev tun0",
		"nstat",
		"",
	} {
		require.ErrorIs(t, w.in.Command(cmd), conformance.ErrUnsupported, cmd)
	}
	for _, cmd := range []string{"sysctl -q net.ipv4.tcp_sack=x", "sysctl -q net.ipv4.tcp_rmem=1", "sysctl -q net.ipv4.tcp_sack="} {
		err := w.in.Command(cmd)
		require.Error(t, err)
		require.NotErrorIs(t, err, conformance.ErrUnsupported, "a value that no system takes is the script's mistake")
	}
}

// Turning timestamps or scaling off is fine until somebody offers them.
func TestDeclinedSynOptionsAreUnsupportedOnlyWhenOffered(t *testing.T) {
	plain := []byte{2, 4, 0x05, 0xb4}
	stamps := append([]byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0}, plain...)
	for _, v6 := range []bool{false, true} {
		for name, offer := range map[string][]byte{"tcp_timestamps": stamps, "tcp_window_scaling": synOptions} {
			w := newWorld(t)
			w.v6 = v6
			l := w.listener(sockStream, 5)
			require.NoError(t, w.in.Command("sysctl -q net.ipv4."+name+"=0"))
			w.inject(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: plain})
			o := header.ParseSynOptions(header.TCP(payload(t, w.events[0].Packet)).Options(), true)
			require.False(t, o.TS)
			require.Equal(t, -1, o.WS)
			offering := w.packet(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: offer, from: 50000})
			require.ErrorIs(t, w.in.Inject(offering), conformance.ErrUnsupported)
			a, n := w.addr(w.remote(), 80)
			require.ErrorIs(t, w.in.Call(1, sock.Call{Op: sock.OpConnect, FD: l, Addr: a, AddrLen: n}), conformance.ErrUnsupported)
			require.NoError(t, w.in.Command("sysctl -q net.ipv4."+name+"=1"))
			require.NoError(t, w.in.Inject(offering))
		}
	}
}

func TestAnyCommandTextIsAnsweredWithoutPanic(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SampledFrom([]string{"sysctl", "-q", "'", "\"", "net.ipv4.tcp_rmem=1 2 3",
			"=", " ", "net.ipv4.tcp_sack=1", "\n"})
		cmd := ""
		for _, s := range rapid.SliceOfN(words, 0, 8).Draw(t, "words") {
			cmd += s
		}
		_ = w.in.Command(cmd + rapid.String().Draw(t, "tail"))
	})
}
