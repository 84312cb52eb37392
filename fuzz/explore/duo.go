package explore

import "github.com/sockspec/sockspec/fuzz"

// duo makes two endpoints and their channel a World.
type duo struct{ *fuzz.Duo }

func (d duo) Clone() World { return duo{d.Duo.Clone()} }
