//go:build linux

package kernel

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// needKernel skips where the live kernel cannot be used, or is not the one that the rules are of.
func needKernel(t *testing.T) {
	t.Helper()
	if err := Truth(); err != nil {
		t.Skip(err)
	}
}

// patient keeps these tests about what happens, not about how busy the machine is.
var patient = script.Option{Name: "tolerance_usecs", Value: "100000", HasValue: true}

func run(t *testing.T, ctx context.Context, text string, args ...script.Option) conformance.Result {
	t.Helper()
	s, err := script.Parse(filepath.Join(t.TempDir(), "test.pkt"), []byte(text))
	require.NoError(t, err)
	return conformance.Run(ctx, s, Stack{}, conformance.Options{Args: append(args, patient)})
}

func requirePass(t *testing.T, text string) conformance.Result {
	t.Helper()
	needKernel(t)
	r := run(t, context.Background(), text)
	require.Equal(t, conformance.Pass, r.Verdict, "%v %s", r.Failure, r.Reason)
	return r
}

const listening = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
`

const established = listening + `+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`

func TestDataBothWaysAndClose(t *testing.T) {
	requirePass(t, established+`+0 write(4, ..., 3000) = 3000
+0 > P. 1:3001(3000) ack 1
+.01 < P. 1:11(10) ack 3001 win 32792
+0 > . 3001:3001(0) ack 11
+0 read(4, ..., 100) = 10
+0 %{ assert tcpi_state == TCP_ESTABLISHED and 1000 <= tcpi_snd_mss <= 1000, tcpi_state }%
+0 close(4) = 0
+0 > F. 3001:3001(0) ack 11
+.01 < F. 11:11(0) ack 3002 win 257
+0 > . 3002:3002(0) ack 12
`)
}

func TestAWrongExpectationFails(t *testing.T) {
	needKernel(t)
	r := run(t, context.Background(), strings.Replace(established, "mss 1460", "mss 1461", 1))
	require.Equal(t, conformance.Fail, r.Verdict)
	require.Equal(t, 5, r.Failure.Line)
}

func TestConnectionsOfOneScriptAreToldApartByTheirPorts(t *testing.T) {
	requirePass(t, strings.Replace(listening, "listen(3, 1)", "listen(3, 5)", 1)+`+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+0 < c2: S 500:500(0) win 32792 <mss 1000>
+0 > c2: S. 7:7(0) ack 501 <mss 1460>
+0 syn_queue(3) = 2
+.05 < c2: . 1:1(0) ack 1 win 257
+0 syn_queue(3) = 1
+0 accept_queue(3) = 1
+.05 < . 1:1(0) ack 1 win 257
+0 accept_queue(3) = 2
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 100) = 100
+0 > c2: P. 1:101(100) ack 1
`)
}

func TestThreadsBlockSideBySide(t *testing.T) {
	requirePass(t, established+`+0...0.2 read(4, ..., 100) = 10
+0...0.1 t2: accept(3, ..., ...) = 5
+0 < c2: S 0:0(0) win 32792 <mss 1000>
+0 > c2: S. 0:0(0) ack 1 <mss 1460>
+.1 < c2: . 1:1(0) ack 1 win 257
+.1 < P. 1:11(10) ack 1 win 257
* > . 1:1(0) ack 11
`)
}

func TestSysctlsStayInTheirNamespace(t *testing.T) {
	needKernel(t)
	before := readSysctl("net.ipv4.tcp_timestamps")
	requirePass(t, "`sysctl -q net.ipv4.tcp_timestamps=0`\n"+strings.Replace(established, "<mss 1000>", "<mss 1000,sackOK,TS val 1 ecr 0>", 1)[:len(listening)]+
		`+0 < S 0:0(0) win 32792 <mss 1000,sackOK,TS val 1 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>
`)
	require.Equal(t, before, readSysctl("net.ipv4.tcp_timestamps"))
}

func TestIPv6AndMappedAddresses(t *testing.T) {
	needKernel(t)
	for version, mss := range map[string]string{"ipv6": "1440", "ipv4-mapped-ipv6": "1460"} {
		r := run(t, context.Background(), strings.Replace(established, "1460", mss, 1),
			script.Option{Name: "ip_version", Value: version, HasValue: true})
		require.Equal(t, conformance.Pass, r.Verdict, "%s: %v %s", version, r.Failure, r.Reason)
	}
}

func TestBadPointersAreTheKernelsToJudge(t *testing.T) {
	requirePass(t, established+"+0 write(4, NULL, 1000) = -1 EFAULT (Bad address)\n+0 close(9) = -1 EBADF (Bad file descriptor)\n")
}

// count of what a leak would leave behind.
func leftovers(t *testing.T) (threads, fds int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	mine, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	for _, e := range list {
		if ns, err := os.Readlink("/proc/self/task/" + e.Name() + "/ns/net"); err == nil && ns != mine {
			threads++
		}
	}
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return threads, len(open)
}

// requireNoThreads waits for threads that are ending.
func requireNoThreads(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { n, _ := leftovers(t); return n == 0 }, 5*time.Second, time.Millisecond,
		"threads remain in other namespaces")
}

func TestCancellingLeavesNothingBehind(t *testing.T) {
	needKernel(t)
	requirePass(t, established) // whatever the runtime opens once is open now
	_, before := leftovers(t)
	for _, call := range []string{
		"accept(3, ..., ...) = 5", "read(4, ..., 10) = 10", "poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, -1) = 1",
	} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(300*time.Millisecond, cancel)
		began := time.Now()
		r := run(t, ctx, established+"+0...100 "+call+"\n+90 close(3) = 0\n")
		require.Equal(t, conformance.Skip, r.Verdict, "%v", r.Failure)
		require.Less(t, time.Since(began), 10*time.Second)
		requireNoThreads(t)
		_, after := leftovers(t)
		require.LessOrEqual(t, after, before, "descriptors after %s", call)
	}
}

// close(2) gives its number back before it lingers, so an instance that ends meanwhile must leave the number alone.
func TestALingeringCloseGivesItsNumberBackAtOnce(t *testing.T) {
	needKernel(t)
	in, err := Stack{}.Start(conformance.Setup{LocalV4: netip.MustParseAddr("192.168.0.1"), PrefixV4: 16,
		GatewayV4: netip.MustParseAddr("192.168.0.1"), RemoteV4: netip.MustParseAddr("192.0.2.1"), MTU: 1500})
	require.NoError(t, err)
	require.NoError(t, in.Call(0, sock.Call{Op: sock.OpSocket, Domain: unix.AF_INET, Type: unix.SOCK_STREAM}))
	ev, ok, err := in.Advance(in.Now() + 1_000_000)
	require.NoError(t, err)
	require.True(t, ok)
	fd := int32(ev.Return.Value)
	live := in.(*instance)
	require.True(t, live.fds[fd])
	require.NoError(t, in.Call(0, sock.Call{Op: sock.OpClose, FD: fd}))
	require.False(t, live.fds[fd], "before the return is fetched")
	require.NoError(t, in.Close())
}

func TestManyAtOnceDoNotDisturbEachOther(t *testing.T) {
	needKernel(t)
	var wg sync.WaitGroup
	results := make([]conformance.Result, Stack{}.Parallel())
	for i := range results {
		wg.Add(1)
		go func() {
			defer wg.Done()
			results[i] = run(t, context.Background(), established+"+.1 close(4) = 0\n+0 > F. 1:1(0) ack 1\n")
		}()
	}
	wg.Wait()
	for _, r := range results {
		require.Equal(t, conformance.Pass, r.Verdict, "%v %s", r.Failure, r.Reason)
	}
	requireNoThreads(t)
}

func TestTheProcesssFirstThreadStaysInItsNamespace(t *testing.T) {
	requirePass(t, established)
	first, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, err := os.Readlink("/proc/thread-self/ns/net")
	require.NoError(t, err)
	require.Equal(t, first, here, "the thread that drove the instance is in it no more than before")
}

func TestOperationsWithoutASystemCallAreRefused(t *testing.T) {
	require.ErrorIs(t, supported(&sock.Call{}), conformance.ErrUnsupported)
	require.ErrorIs(t, supported(&sock.Call{Op: 200}), conformance.ErrUnsupported)
	require.NoError(t, supported(&sock.Call{Op: sock.OpDup}))
}

func TestRequestsAreCountedForTheListenerThatSuitsBest(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100A8C0:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 31 1 0 100 0 0 10 0
   1: 0100A8C0:1F90 010200C0:AFC9 03 00000000:00000000 01:00000064 00000000     0        0 0 1 0
   2: 0100A8C0:1F91 010200C0:AFC9 03 00000000:00000000 01:00000064 00000000     0        0 0 1 0
   3: 0100A8C0:1F90 010200C0:AFCA 03 00000000:00000000 01:00000064 00000000     0        0 77 1 0
   4: 0200A8C0:1F90 010200C0:AFCA 03 00000000:00000000 01:00000064 00000000     0        0 0 1 0
   5: 0100A8C0:1F90 010200C0:AFCB 03 00000000:00000000 00:00000000 00000000     0        0 0 1 0 22 4 0 10 -1
   6: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 31 1 0 100 0 0 10 0
`
	rows := tcpRows([]byte(table))
	require.Len(t, rows, 7)
	for own, n := range map[string]int{"192.168.0.1:8080": 1, "192.168.0.1:8081": 1, "127.0.0.1:8080": 0, "[::]:8080": 1, "0.0.0.0:8080": 1, "[::1]:8080": 0} {
		require.Equal(t, n, countRequests(rows, netip.MustParseAddrPort(own)), own)
	}
	require.Empty(t, tcpRows([]byte("junk\n\n 1: 0:1 2 3 4 5 6 7 8 9 10\n")))
}
