package gvisor

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/syserr"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// The Sentry's own table is the oracle where it builds.
func TestErrnosAreTheSentrys(t *testing.T) {
	seen := 0
	for _, err := range []tcpip.Error{
		&tcpip.ErrAborted{}, &tcpip.ErrAddressFamilyNotSupported{}, &tcpip.ErrAlreadyBound{},
		&tcpip.ErrAlreadyConnected{}, &tcpip.ErrAlreadyConnecting{}, &tcpip.ErrBadAddress{},
		&tcpip.ErrBadBuffer{}, &tcpip.ErrBadLocalAddress{}, &tcpip.ErrBroadcastDisabled{},
		&tcpip.ErrClosedForReceive{}, &tcpip.ErrClosedForSend{}, &tcpip.ErrConnectStarted{},
		&tcpip.ErrConnectionAborted{}, &tcpip.ErrConnectionRefused{}, &tcpip.ErrConnectionReset{},
		&tcpip.ErrDestinationRequired{}, &tcpip.ErrDuplicateAddress{}, &tcpip.ErrDuplicateNICID{},
		&tcpip.ErrEndpointBusy{}, &tcpip.ErrHostDown{}, &tcpip.ErrHostUnreachable{},
		&tcpip.ErrInvalidEndpointState{}, &tcpip.ErrInvalidOptionValue{}, &tcpip.ErrInvalidPortRange{},
		&tcpip.ErrMalformedHeader{}, &tcpip.ErrMessageTooLong{}, &tcpip.ErrMissingRequiredFields{},
		&tcpip.ErrMulticastInputCannotBeOutput{}, &tcpip.ErrNetworkUnreachable{}, &tcpip.ErrNoBufferSpace{},
		&tcpip.ErrNoNet{}, &tcpip.ErrNoPortAvailable{}, &tcpip.ErrNoSuchFile{}, &tcpip.ErrNotConnected{},
		&tcpip.ErrNotPermitted{}, &tcpip.ErrNotSupported{}, &tcpip.ErrPortInUse{},
		&tcpip.ErrQueueSizeNotSupported{}, &tcpip.ErrTimeout{}, &tcpip.ErrUnknownDevice{},
		&tcpip.ErrUnknownNICID{}, &tcpip.ErrUnknownProtocol{}, &tcpip.ErrUnknownProtocolOption{},
		&tcpip.ErrWouldBlock{},
	} {
		require.EqualValues(t, syserr.TranslateNetstackError(err).ToLinux(), errnoOf(err), "%T", err)
		seen++
	}
	require.Len(t, errnos, seen, "each entry of the table is compared")
}

func TestTCPInfoIsLaidOutAsTheSentrys(t *testing.T) {
	var i linux.TCPInfo
	require.EqualValues(t, linux.SizeOfTCPInfo, sizeofInfo)
	require.EqualValues(t, unsafe.Offsetof(i.State), infoState)
	require.EqualValues(t, unsafe.Offsetof(i.CaState), infoCaState)
	require.EqualValues(t, unsafe.Offsetof(i.RTO), infoRTO)
	require.EqualValues(t, unsafe.Offsetof(i.RTT), infoRTT)
	require.EqualValues(t, unsafe.Offsetof(i.RTTVar), infoRTTVar)
	require.EqualValues(t, unsafe.Offsetof(i.SndSsthresh), infoSndSsthresh)
	require.EqualValues(t, unsafe.Offsetof(i.SndCwnd), infoSndCwnd)
	require.EqualValues(t, unsafe.Offsetof(i.ReordSeen), infoReordSeen)
}

// The numbers of the interface are Linux's, as gVisor writes them too.
func TestNumbersAreLinuxs(t *testing.T) {
	require.EqualValues(t, []int{
		linux.SO_ERROR, linux.SO_LINGER, linux.SO_RCVTIMEO, linux.SO_SNDTIMEO, linux.SO_ACCEPTCONN, linux.SO_RCVLOWAT,
		linux.SO_DOMAIN, linux.SO_PROTOCOL, linux.SO_MARK, linux.SO_RCVBUFFORCE, linux.SO_ZEROCOPY, linux.SO_TXTIME,
		linux.SO_TIMESTAMP, linux.SO_TIMESTAMPNS, linux.SO_TIMESTAMPING, linux.SO_ATTACH_FILTER, linux.SO_ATTACH_BPF,
		linux.SO_ATTACH_REUSEPORT_EBPF, linux.SO_BINDTODEVICE, linux.SO_NO_CHECK, linux.SO_OOBINLINE, linux.SO_REUSEPORT,
	}, []int{
		soError, soLinger, soRcvtimeo, soSndtimeo, soAcceptConn, soRcvlowat,
		soDomain, soProtocol, soMark, soRcvbufForce, soZerocopy, soTxtime,
		soTimestamp, soTimestampNS, soTimestamping, soAttachFilter, soAttachBPF,
		soAttachReuseportBPF, soBindToDevice, soNoCheck, soOOBInline, soReusePort,
	})
	require.EqualValues(t, []int{
		linux.TCP_NODELAY, linux.TCP_MAXSEG, linux.TCP_CORK, linux.TCP_KEEPIDLE, linux.TCP_KEEPINTVL, linux.TCP_KEEPCNT,
		linux.TCP_SYNCNT, linux.TCP_LINGER2, linux.TCP_DEFER_ACCEPT, linux.TCP_WINDOW_CLAMP, linux.TCP_INFO, linux.TCP_QUICKACK,
		linux.TCP_CONGESTION, linux.TCP_MD5SIG, linux.TCP_USER_TIMEOUT, linux.TCP_REPAIR, linux.TCP_REPAIR_QUEUE, linux.TCP_QUEUE_SEQ,
		linux.TCP_REPAIR_OPTIONS, linux.TCP_FASTOPEN, linux.TCP_SAVE_SYN, linux.TCP_SAVED_SYN, linux.TCP_REPAIR_WINDOW,
		linux.TCP_FASTOPEN_CONNECT, linux.TCP_ULP, linux.TCP_MD5SIG_EXT, linux.TCP_FASTOPEN_KEY, linux.TCP_FASTOPEN_NO_COOKIE,
		linux.TCP_ZEROCOPY_RECEIVE, linux.TCP_INQ, linux.TCP_TX_DELAY,
	}, []int{
		tcpNodelay, tcpMaxseg, tcpCork, tcpKeepidle, tcpKeepintvl, tcpKeepcnt,
		tcpSyncnt, tcpLinger2, tcpDeferAccept, tcpWindowClamp, tcpInfo, tcpQuickack,
		tcpCongestion, tcpMD5Sig, tcpUserTimeout, tcpRepair, tcpRepairQueue, tcpQueueSeq,
		tcpRepairOptions, tcpFastopen, tcpSaveSyn, tcpSavedSyn, tcpRepairWindow,
		tcpFastopenConnect, tcpULP, tcpMD5SigExt, tcpFastopenKey, tcpFastopenNoCook,
		tcpZerocopyRecv, tcpInq, tcpTxDelay,
	})
	require.EqualValues(t, []int{linux.TIOCINQ, linux.TIOCOUTQ, linux.MSG_PEEK, linux.MSG_TRUNC, linux.MSG_WAITALL, linux.MSG_ERRQUEUE, linux.MSG_ZEROCOPY},
		[]int{siocInq, siocOutq, msgPeek, msgTrunc, msgWaitall, msgErrqueue, msgZerocopy})
	require.EqualValues(t, []int{linux.IP_TOS, linux.IP_TTL, linux.IP_MTU_DISCOVER, linux.IPV6_UNICAST_HOPS, linux.IPV6_V6ONLY, linux.IPV6_TCLASS},
		[]int{ipTOS, ipTTL, ipMTUDiscover, ipv6UnicastHops, ipv6Only, ipv6Tclass})
}
