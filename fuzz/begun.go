package fuzz

// What worlds show as they are made, before any move. A walk counts it as reached by no moves.

// Begun notes the states that both ends begin in.
func (d *Duo) Begun(cover *Coverage) {
	for _, e := range d.end {
		cover.Add(e.Cover)
	}
	s := d.States()
	cover.Pair(s[0], s[1])
}

// Begun notes the state that the endpoint begins in.
func (s *Solo) Begun(cover *Coverage) { cover.Add(s.end.Cover) }

// Begun notes what the calls show that made the socket.
func (w *HostWalk) Begun(cover *Coverage) { cover.Add(w.run.Cover) }

// Begun notes nothing: the host has done nothing yet.
func (w *HostSolo) Begun(cover *Coverage) { cover.Add(w.run.Cover) }

// Begun notes what the opening calls show.
func (w *Scene) Begun(cover *Coverage) { cover.Add(w.run.Cover) }
