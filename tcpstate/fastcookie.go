package tcpstate

// MaxFastCookie is the most octets of a Fast Open cookie
// (TCP_FASTOPEN_COOKIE_MAX).
const MaxFastCookie = 16

// FastCookie is the value of a Fast Open option (RFC 7413 section 4.1.1;
// struct tcp_fastopen_cookie). Without octets it asks for a cookie.
type FastCookie struct {
	Len uint8 // octets used: 0, or an even number from 4 to 16
	Exp bool  // in the experimental option, kind 254 with magic 0xF989
	Val [MaxFastCookie]byte
}

// Bytes is the cookie's octets.
func (k *FastCookie) Bytes() []byte { return k.Val[:min(k.Len, MaxFastCookie)] }

// wireLen is what the option takes, filled up to whole words
// (TCPOLEN_FASTOPEN_BASE, TCPOLEN_EXP_FASTOPEN_BASE).
func (k *FastCookie) wireLen() uint32 {
	n := uint32(2)
	if k.Exp {
		n = 4
	}
	return (n + uint32(k.Len) + 3) &^ 3
}
