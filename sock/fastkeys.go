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
	keys := strings.SplitN(strings.TrimSpace(value), ",", 2)
	got := fastKeys{n: uint8(len(keys))}
	for i, text := range keys {
		for j := range 4 {
			word, rest, ok := hexWord(text)
			if !ok || j < 3 && !strings.HasPrefix(rest, "-") {
				return fmt.Errorf("%s: %q: want four words in hexadecimal apart by dashes", ctlFastOpenKeyName, keys[i])
			}
			text = strings.TrimPrefix(rest, "-")
			got.key[i][j/2] |= uint64(word) << (32 * (j % 2))
		}
	}
	*k = got
	return nil
}

// hexWord reads a number as the kernel's sscanf does by %x, and what is left behind
// it: blanks and 0x may stand before, and of a longer number the end counts.
func hexWord(text string) (word uint32, rest string, ok bool) {
	const hex = "0123456789abcdefABCDEF"
	text = strings.TrimLeft(text, " \t\n")
	if text == "" || !strings.Contains(hex, text[:1]) {
		return 0, text, false
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
	rest = strings.TrimLeft(text, hex)
	digits := text[:len(text)-len(rest)]
	v, _ := strconv.ParseUint(digits[max(0, len(digits)-8):], 16, 32) // none behind 0x are 0
	return uint32(v), rest, true
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
