// Package reach holds the seeds of fuzz targets to what they must come to: a
// seed corpus that leaves a branch out leaves it to luck.
//
// A test names what there is, notes what each seed does, and fails with the list
// of what none did:
//
//	s := reach.Set{}
//	s.Fields(Packet{})                    // every field of every struct in it
//	s.See("refused", err != nil)          // for each seed
//	require.Empty(t, s.Missed(nil))
package reach

import (
	"reflect"
	"slices"
)

// Set is what can be reached, by name, and whether it was.
type Set map[string]bool

// See notes that there is such a thing, and whether it is reached now.
func (s Set) See(name string, now bool) { s[name] = s[name] || now }

// Missed lists what was never reached, but for the exceptions, whose values are
// the reasons. An exception that is reached after all, or that names nothing, is
// listed, too.
func (s Set) Missed(except map[string]string) (names []string) {
	for name, reached := range s {
		if _, ok := except[name]; !reached && !ok {
			names = append(names, name)
		}
	}
	for name := range except {
		if reached, known := s[name]; reached || !known {
			names = append(names, name+" (an exception without need)")
		}
	}
	slices.Sort(names)
	return names
}

// Fields notes every exported field of every struct that v holds or could hold,
// as Type.Field, and which of them are not zero in v: what was read from a seed,
// or nothing yet.
func (s Set) Fields(v any) {
	s.declare(reflect.TypeOf(v))
	s.walk(reflect.ValueOf(v))
}

// declare notes the fields of a type, once.
func (s Set) declare(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		s.declare(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name := t.Name() + "." + f.Name
			if _, known := s[name]; f.IsExported() && !known {
				s[name] = false
				s.declare(f.Type)
			}
		}
	}
}

// walk notes the fields that are not zero.
func (s Set) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			s.walk(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			s.walk(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				s.See(v.Type().Name()+"."+f.Name, !v.Field(i).IsZero())
				s.walk(v.Field(i))
			}
		}
	}
}
