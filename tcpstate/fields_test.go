package tcpstate

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/queue"
)

// changed calls try with each number and truth value inside *p as another
// value, one at a time: what one && or one shift too many or too few leaves out
// of a comparison or a fingerprint shows. Pointers, slices, maps and functions
// are left alone.
func changed(p any, try func(path string)) {
	visit(reflect.ValueOf(p).Elem(), "", func(path string, v reflect.Value) {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		switch {
		case v.Kind() == reflect.Bool:
			v.SetBool(!v.Bool())
		case v.CanInt():
			v.SetInt(v.Int() ^ 1)
		case v.CanUint():
			v.SetUint(v.Uint() ^ 1)
		default:
			return
		}
		try(path)
		v.Set(old)
	})
}

// visit calls f with each value inside v that is no struct and no array.
func visit(v reflect.Value, path string, f func(string, reflect.Value)) {
	v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem() // unexported fields, too
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			visit(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	case reflect.Array:
		for i := range v.Len() {
			visit(v.Index(i), path, f)
		}
	default:
		f(path, v)
	}
}

// TestEqualKnowsEveryField: no two endpoints that differ anywhere are equal.
func TestEqualKnowsEveryField(t *testing.T) {
	cfg := Linux()
	w := newTwin("made by a SYN with data", &cfg, ourISS, peerISS, 0)
	same, n := w.c.Clone(), 0
	changed(w.c, func(path string) {
		if strings.HasPrefix(path, ".rq.in.") || strings.HasPrefix(path, ".rq.ooo.") || strings.HasPrefix(path, ".q.list.") {
			return // where a ring begins is no difference; the queues' own tests see to theirs
		}
		n++
		require.False(t, w.c.Equal(same), path)
		require.False(t, same.Equal(w.c), path)
	})
	require.True(t, w.c.Equal(same))
	require.Greater(t, n, 100)
	if w.c.fo != nil {
		changed(w.c.fo, func(path string) { require.False(t, w.c.Equal(same), "fo%s", path) })
	}
	other := Linux()
	w.c.cfg = &other
	require.False(t, w.c.Equal(same), "another configuration")
}

// TestARequestsFingerprintKnowsEveryField: whatever the others hold.
func TestARequestsFingerprintKnowsEveryField(t *testing.T) {
	print := func(r *Request) uint64 {
		var h queue.Hash
		r.Fingerprint(&h, 1)
		return h.Sum()
	}
	for name, r := range map[string]Request{"zero": {OOWTime: 4}, "full": {IRS: ^Seq(0), ISS: ^Seq(0), MSS: 0xffff, AdvMSS: 0xffff,
		Window: ^uint32(0), Clamp: ^uint32(0), SndWScale: 14, RcvWScale: 14, NumTimeout: 0xff, NumRetrans: 0xff, TSRecent: ^uint32(0),
		TSOffset: ^uint32(0), TSFirst: ^uint32(0), TSLast: ^uint32(0), SynData: ^uint32(0), OOWTime: 4}} {
		was := print(&r)
		changed(&r, func(path string) { require.NotEqual(t, was, print(&r), "%s%s", name, path) })
		require.Equal(t, was, print(&r))
	}
}

// TestOptionsAreAsLongAsTheyAreWritten: what a segment's size is reckoned with is what goes on the wire.
func TestOptionsAreAsLongAsTheyAreWritten(t *testing.T) {
	one := []Options{{}, {Set: OptMSS, MSS: 1460}, {Set: OptSACKOK}, {Set: OptTS, TSVal: 1}, {Set: OptWScale, WScale: 7},
		{Set: OptSACK, NSACK: 1}, {Set: OptSACK, NSACK: 2}, {Set: OptFastOpen}, {Set: OptFastOpen, Cookie: FastCookie{Len: 8}}}
	for _, a := range one {
		for _, b := range one {
			o := a
			o.Set |= b.Set
			o.NSACK, o.Cookie = max(a.NSACK, b.NSACK), FastCookie{Len: max(a.Cookie.Len, b.Cookie.Len)}
			wire, err := AppendOptions(nil, &o)
			require.NoError(t, err)
			require.EqualValues(t, len(wire), o.wireLen(), "%+v", o)
			require.EqualValues(t, 20+len(wire), (&Segment{Opts: o}).HeaderLen(), "%+v", o)
		}
	}
}
