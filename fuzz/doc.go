// Package fuzz looks for the input that breaks the machine.
package fuzz
