package sock

import "github.com/sockspec/sockspec/tcpstate/rule"

// pingDeliver takes an echo reply to the socket that asked (ping_rcv).
func (h *Host) pingDeliver(p *Packet) {
	h.emit(Dropped, rule.PingNoSocket, noSock)
}
