package conformance

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance/script"
)

// Option kinds on the wire (IANA "TCP Option Kind Numbers").
const (
	kindEOL      = 0
	kindNOP      = 1
	kindMSS      = 2
	kindWScale   = 3
	kindSACKOK   = 4
	kindSACK     = 5
	kindTS       = 8
	kindMD5      = 19
	kindFastOpen = 34
	kindAccECN0  = 172 // first counter is E0B
	kindAccECN1  = 174 // first counter is E1B
	kindExp      = 254 // RFC 4727, shared by magic
	magicFO      = 0xf989
)

// encodeOptions lays options out exactly as the script lists them: nothing is padded, since a script spells its padding.
func encodeOptions(opts []script.TCPOption) ([]byte, error) {
	var b []byte
	for i := range opts {
		b = appendOption(b, &opts[i])
	}
	if len(b)%4 != 0 {
		return nil, fmt.Errorf("options take %d bytes, which is no multiple of 4: add nop", len(b))
	}
	if len(b) > 40 {
		return nil, fmt.Errorf("options take %d bytes, a header has room for 40", len(b))
	}
	return b, nil
}

func appendOption(b []byte, o *script.TCPOption) []byte {
	switch o.Kind {
	case script.OptNOP:
		return append(b, kindNOP)
	case script.OptEOL:
		return append(b, kindEOL)
	case script.OptMSS:
		return put16(append(b, kindMSS, 4), uint16(o.Value))
	case script.OptWScale:
		return append(b, kindWScale, 3, uint8(o.Value))
	case script.OptSACKOK:
		return append(b, kindSACKOK, 2)
	case script.OptSACK:
		b = append(b, kindSACK, uint8(2+8*len(o.Blocks)))
		for _, k := range o.Blocks {
			b = binary.BigEndian.AppendUint32(b, k.Left)
			b = binary.BigEndian.AppendUint32(b, k.Right)
		}
		return b
	case script.OptTS:
		b = binary.BigEndian.AppendUint32(append(b, kindTS, 10), o.Value)
		return binary.BigEndian.AppendUint32(b, o.Echo)
	case script.OptMD5:
		return append(append(b, kindMD5, uint8(2+len(o.Data))), o.Data...)
	case script.OptFastOpen:
		return append(append(b, kindFastOpen, uint8(2+len(o.Data))), o.Data...)
	case script.OptFastOpenExp:
		return append(put16(append(b, kindExp, uint8(4+len(o.Data))), magicFO), o.Data...)
	case script.OptAccECN:
		kind := uint8(kindAccECN0)
		if len(o.Counters) > 0 && o.Counters[0].Field == script.E1B {
			kind = kindAccECN1
		}
		b = append(b, kind, uint8(2+3*len(o.Counters)))
		for _, c := range o.Counters {
			b = append(b, uint8(c.Value>>16), uint8(c.Value>>8), uint8(c.Value))
		}
	}
	return b
}

// wireOption is one option found in a header: its bytes with kind and length.
type wireOption []byte

func (o wireOption) kind() uint8 { return o[0] }

// splitOptions walks an option list. A list that breaks off ends with what is left as one option of odd length.
func splitOptions(b []byte) []wireOption {
	var list []wireOption
	for len(b) > 0 {
		n := 1
		if b[0] != kindNOP && b[0] != kindEOL {
			if len(b) < 2 || int(b[1]) < 2 || int(b[1]) > len(b) {
				n = len(b)
			} else {
				n = int(b[1])
			}
		}
		list = append(list, wireOption(b[:n:n]))
		b = b[n:]
	}
	return list
}

// shiftSACK moves the edges of all SACK blocks by an offset, in place.
func shiftSACK(options []byte, by uint32) {
	for _, o := range splitOptions(options) {
		if o.kind() != kindSACK {
			continue
		}
		for e := o[2:]; len(e) >= 4; e = e[4:] {
			binary.BigEndian.PutUint32(e, binary.BigEndian.Uint32(e)+by)
		}
	}
}

// findTS is the timestamp option's value and echo, as slices of the header so that they can be rewritten.
func findTS(options []byte) (val, ecr []byte) {
	for _, o := range splitOptions(options) {
		if o.kind() == kindTS && len(o) == 10 {
			return o[2:6], o[6:10]
		}
	}
	return nil, nil
}

// printOptions spells an option list as a script does.
func printOptions(b []byte) string {
	var parts []string
	for _, o := range splitOptions(b) {
		parts = append(parts, o.String())
	}
	return strings.Join(parts, ",")
}

// String is the option in script syntax; what the language cannot say is shown as its bytes.
func (o wireOption) String() string {
	be32 := binary.BigEndian.Uint32
	switch k := o.kind(); {
	case k == kindNOP:
		return "nop"
	case k == kindEOL:
		return "eol"
	case k == kindMSS && len(o) == 4:
		return fmt.Sprintf("mss %d", be16(o[2:]))
	case k == kindWScale && len(o) == 3:
		return fmt.Sprintf("wscale %d", o[2])
	case k == kindSACKOK && len(o) == 2:
		return "sackOK"
	case k == kindSACK && len(o) >= 10 && len(o)%8 == 2:
		s := "sack"
		for e := o[2:]; len(e) >= 8; e = e[8:] {
			s += fmt.Sprintf(" %d:%d", be32(e), be32(e[4:]))
		}
		return s
	case k == kindTS && len(o) == 10:
		return fmt.Sprintf("TS val %d ecr %d", be32(o[2:]), be32(o[6:]))
	case k == kindMD5 && len(o) > 2:
		return "md5 " + hex.EncodeToString(o[2:])
	case k == kindFastOpen && len(o) >= 2:
		return strings.TrimSpace("FO " + hex.EncodeToString(o[2:]))
	case k == kindExp && len(o) >= 4 && be16(o[2:]) == magicFO:
		return strings.TrimSpace("FOEXP " + hex.EncodeToString(o[4:]))
	case (k == kindAccECN0 || k == kindAccECN1) && len(o) > 2 && len(o)%3 == 2:
		return o.accECN()
	}
	return "kind " + hex.EncodeToString(o)
}

func (o wireOption) accECN() string {
	names := [3]string{"e0b", "ceb", "e1b"}
	if o.kind() == kindAccECN1 {
		names = [3]string{"e1b", "ceb", "e0b"}
	}
	s := "ECN"
	for i, e := 0, o[2:]; len(e) >= 3 && i < 3; i, e = i+1, e[3:] {
		s += fmt.Sprintf(" %s %d", names[i], uint32(e[0])<<16|uint32(e[1])<<8|uint32(e[2]))
	}
	return s
}
