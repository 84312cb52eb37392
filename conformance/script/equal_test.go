package script

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// bare is a copy of the script without what its printed form does not keep: places, the path and the definitions.
func bare(s *Script) *Script {
	c := *s
	c.Path, c.Defines = "", nil
	v := reflect.New(reflect.TypeOf(c))
	v.Elem().Set(copyWithoutPos(reflect.ValueOf(c)))
	return v.Interface().(*Script)
}

// copyWithoutPos copies deeply and leaves every Pos zero. Nil and empty slices become the same. Values with hidden fields
// (netip.Addr) are immutable and kept as they are.
func copyWithoutPos(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Pos]() {
			return out
		}
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				return v
			}
			out.Field(i).Set(copyWithoutPos(v.Field(i)))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(copyWithoutPos(v.Elem()))
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = reflect.Append(out, copyWithoutPos(v.Index(i)))
		}
	default:
		return v
	}
	return out
}

// requireRoundTrip checks that printing loses nothing and that the printed form is stable.
func requireRoundTrip(t require.TestingT, s *Script) {
	if h, ok := t.(*testing.T); ok {
		h.Helper()
	}
	text := s.String()
	again, err := Parse("printed", []byte(text))
	require.NoError(t, err, "printed form:\n%s", text)
	require.Equal(t, bare(s), bare(again), "printed form:\n%s", text)
	require.Equal(t, text, again.String())
}
