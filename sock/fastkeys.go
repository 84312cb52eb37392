package sock

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sockspec/sockspec/tcpstate"
)

// ctlFastOpenKeyName is the sysctl of the keys that cookies are made with.
const ctlFastOpenKeyName = "net.ipv4.tcp_fastopen_key"

// fastKeyLen is the length of a key, octets (TCP_FASTOPEN_KEY_LENGTH).
const fastKeyLen = 16

// fastKeys are the keys of Fast Open cookies: the first makes them, the second,
// if there is one, is still accepted, so that keys can be changed without a
// break (struct tcp_fastopen_context).
type fastKeys struct {
	n   uint8
	key [2]sipKey
}

// setBytes takes one key or two as they lie in memory.
func (k *fastKeys) setBytes(b []byte) {
	*k = fastKeys{}
	for ; len(b) >= fastKeyLen && k.n < 2; b = b[fastKeyLen:] {
		k.key[k.n] = sipKey{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
		k.n++
	}
}

// bytes appends the keys as they lie in memory.
func (k *fastKeys) bytes(b []byte) []byte {
	for i := range int(k.n) {
		b = binary.LittleEndian.AppendUint64(b, k.key[i][0])
		b = binary.LittleEndian.AppendUint64(b, k.key[i][1])
	}
	return b
}

// parse reads the sysctl: four words in hexadecimal apart by dashes, and
// perhaps a second key behind a comma (proc_tcp_fastopen_key).
func (k *fastKeys) parse(value string) error {
	keys := strings.Split(strings.TrimSpace(value), ",")
	if len(keys) > 2 {
		return fmt.Errorf("%s: %d keys: want one, or two apart by a comma", ctlFastOpenKeyName, len(keys))
	}
	got := fastKeys{n: uint8(len(keys))}
	for i, text := range keys {
		words := strings.Split(text, "-")
		if len(words) != 4 {
			return fmt.Errorf("%s: %q: want four words in hexadecimal apart by dashes", ctlFastOpenKeyName, text)
		}
		for j, w := range words {
			v, err := strconv.ParseUint(w, 16, 32)
			if err != nil {
				return fmt.Errorf("%s: %q is no word of up to 8 hexadecimal digits", ctlFastOpenKeyName, w)
			}
			got.key[i][j/2] |= v << (32 * (j % 2))
		}
	}
	*k = got
	return nil
}

// String is the keys as the sysctl shows them; none shows as zeros.
func (k *fastKeys) String() string {
	var b strings.Builder
	for i := range max(int(k.n), 1) {
		if i > 0 {
			b.WriteByte(',')
		}
		v := k.key[i]
		fmt.Fprintf(&b, "%08x-%08x-%08x-%08x", uint32(v[0]), v[0]>>32, uint32(v[1]), v[1]>>32)
	}
	return b.String()
}

// drawFastKey makes a key by chance where the namespace has none
// (tcp_fastopen_init_key_once).
func (h *Host) drawFastKey() {
	if h.fast.keys.n == 0 {
		h.fast.keys = fastKeys{n: 1, key: [2]sipKey{{h.rand.next(), h.rand.next()}}}
	}
}

// fastCookie is the cookie of a peer: a hash of both addresses, as its SYN has
// them (__tcp_fastopen_cookie_gen_cipher).
func fastCookie(k sipKey, peer, local netip.Addr) tcpstate.FastCookie {
	var b [32]byte
	n := copy(b[:], peer.AsSlice())
	n += copy(b[n:], local.AsSlice())
	c := tcpstate.FastCookie{Len: 8}
	binary.LittleEndian.PutUint64(c.Val[:], sipHash(b[:n], k))
	return c
}
