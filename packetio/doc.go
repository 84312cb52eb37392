// Package packetio joins the machine to the world of bytes: a codec between
// [github.com/sockspec/sockspec/sock.Packet] and the wire, captures in and out,
// TUN devices, and an in-memory link that treats packets badly. A [Pair] runs
// programs on two hosts with such a link between them in no time, a [Live] runs
// one host against the real clock and a device.
//
// Decoding goes as deep as Linux's receive path goes before a socket is looked
// up, and refuses what Linux refuses there: each refusal is a [DropError] that
// carries Linux's own drop reason, and nothing that a peer sends panics.
package packetio
