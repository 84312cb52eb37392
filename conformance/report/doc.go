// Package report runs a suite of scripts on several stacks and sets the results side by side.
//
// The live kernel and the model say what Linux does; what another stack does otherwise is a [Divergence], with the rule of
// the model that it departs from. A [Report] prints as a table for a terminal and is written as HTML, JUnit XML and captures.
package report
