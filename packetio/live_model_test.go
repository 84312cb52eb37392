//go:build linux

package packetio_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
)

// patience bounds a test on the real clock; nothing is measured by it.
const patience = 20 * time.Second

// beside runs f in a namespace whose kernel has the address and whose peer over
// a TUN device is the model with the other. f must not leave before the model's
// programs have ended.
func beside(t *testing.T, kernel, model netip.Addr, f func(l *packetio.Live)) {
	t.Helper()
	err := packetio.InNetNS(func() error {
		tun, err := packetio.OpenTUN("tun0", false)
		if err != nil {
			return err
		}
		defer tun.Close()
		if err := packetio.ConfigureLink("tun0", packetio.LinkConfig{MTU: 1500, Addrs: []netip.Prefix{netip.PrefixFrom(kernel, 24)}}); err != nil {
			return err
		}
		l := packetio.NewLive(host(model, 1), tun)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		ran := make(chan error, 1)
		go func() { ran <- l.Run(ctx) }()
		f(l)
		for ctx.Err() == nil && !l.Ended() {
			time.Sleep(time.Millisecond)
		}
		ended := l.Ended()
		cancel()
		require.NoError(t, <-ran)
		require.True(t, ended, "the model's programs have not ended")
		return nil
	})
	var no *packetio.TUNError
	if errors.As(err, &no) {
		t.Skip(err)
	}
	require.NoError(t, err)
}

// after closes the channel when the program's call of that kind has returned.
func after(op sock.Op, returned chan bool, p packetio.Program) packetio.Program {
	return func(call func(sock.Call) sock.Return) {
		p(func(c sock.Call) sock.Return {
			r := call(c)
			if c.Op == op {
				close(returned)
			}
			return r
		})
	}
}

// talk is the client's part on the kernel: it says its say, and that this was
// all, and hears the server out.
func talk(t *testing.T, c *net.TCPConn, data []byte) {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	back := make([]byte, len(data))
	for at := 0; at < len(data); at += 8192 {
		part := data[at:min(at+8192, len(data))]
		_, err := c.Write(part)
		require.NoError(t, err)
		_, err = io.ReadFull(c, back[at:at+len(part)])
		require.NoError(t, err)
	}
	require.True(t, bytes.Equal(data, back))
	require.NoError(t, c.CloseWrite())
	n, err := c.Read(back)
	require.Zero(t, n)
	require.ErrorIs(t, err, io.EOF, "an orderly end")
	require.NoError(t, c.Close())
}

// The model serves the kernel: backlog 1, one client after the other.
func TestKernelsClientAndModelsServer(t *testing.T) {
	const octets, clients = 200_000, 3
	beside(t, clientAddr, serverAddr, func(l *packetio.Live) {
		served := 0
		listens := make(chan bool)
		l.Start(1, after(sock.OpListen, listens, server(clients, func(n int, peer netip.AddrPort) {
			if n == octets && peer.Addr() == clientAddr {
				served++
			}
		})))
		<-listens
		for range clients {
			c, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(netip.AddrPortFrom(serverAddr, serverPort)))
			require.NoError(t, err)
			talk(t, c, bytes.Repeat([]byte("12345678"), octets/8))
		}
		for !l.Ended() {
			time.Sleep(time.Millisecond)
		}
		require.Equal(t, clients, served)
	})
}

// The kernel serves the model.
func TestModelsClientAndKernelsServer(t *testing.T) {
	const octets = 200_000
	beside(t, serverAddr, clientAddr, func(l *packetio.Live) {
		s, err := net.ListenTCP("tcp4", &net.TCPAddr{Port: serverPort})
		require.NoError(t, err)
		defer s.Close()
		data := bytes.Repeat([]byte("87654321"), octets/8)
		answered := make(chan bool, 1)
		l.Start(1, client(data, func(back []byte) { answered <- bytes.Equal(data, back) }))
		require.NoError(t, s.SetDeadline(time.Now().Add(patience)))
		c, err := s.AcceptTCP()
		require.NoError(t, err)
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		n, err := io.Copy(c, c)
		require.NoError(t, err, "until the client's orderly end")
		require.EqualValues(t, octets, n)
		require.NoError(t, c.Close())
		require.True(t, <-answered)
	})
}

// A port where nobody listens: the kernel refuses the model's client.
func TestKernelRefusesTheModelsClient(t *testing.T) {
	beside(t, serverAddr, clientAddr, func(l *packetio.Live) {
		refused := make(chan sock.Errno, 1)
		l.Start(1, func(call func(sock.Call) sock.Return) {
			fd := int32(must(call(sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM})).Value)
			refused <- call(sock.Call{Op: sock.OpConnect, FD: fd, Addr: inet(serverAddr, serverPort), AddrLen: 16}).Errno
		})
		require.Equal(t, sock.ECONNREFUSED, <-refused)
	})
}
