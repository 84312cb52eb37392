package shrink

import (
	"fmt"
	"reflect"
	"strings"
)

// Fields spells what is not zero in a struct, nested ones with their path: of a
// packet most is. What can say itself does.
func Fields(v any) string {
	var out []string
	fields(reflect.ValueOf(v), "", &out)
	return strings.Join(out, " ")
}

func fields(v reflect.Value, path string, out *[]string) {
	for i := range v.NumField() {
		f, name := v.Field(i), path+v.Type().Field(i).Name
		if !v.Type().Field(i).IsExported() || f.IsZero() {
			continue
		}
		_, says := f.Interface().(fmt.Stringer)
		switch {
		case f.Kind() == reflect.Struct && !says:
			fields(f, name+".", out)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Uint8:
			*out = append(*out, fmt.Sprintf("%s=%x", name, f.Interface()))
		default:
			*out = append(*out, fmt.Sprintf("%s=%v", name, f.Interface()))
		}
	}
}
