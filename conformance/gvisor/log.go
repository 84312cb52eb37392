package gvisor

import (
	"time"

	"gvisor.dev/gvisor/pkg/log"
)

// silence drops netstack's log, which goes to the process's standard error otherwise, between the lines of whoever runs scripts.
// What netstack logs ("Martian packet dropped") a script sees as a packet without an answer.
type silence struct{}

func (silence) Emit(int, log.Level, time.Time, string, ...any) {}

// The logger is changed in place: netstack's packages took it when they were initialized, before log.SetTarget could replace it.
func init() { log.Log().Emitter = silence{} }
