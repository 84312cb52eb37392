package matrix

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/fuzz/figures"
	"github.com/sockspec/sockspec/sock"
)

func recorded(t *testing.T) *Data {
	d, err := Recorded()
	require.NoError(t, err)
	return d
}

// Every cell has its line in the data, and every line its cell.
func TestDataIsComplete(t *testing.T) {
	d := recorded(t)
	cells := Cells()
	require.GreaterOrEqual(t, len(cells), 3000)
	for i := range cells {
		want, ok := d.Want(&cells[i])
		require.True(t, ok, "%v: record it, go test -run TestRecord -record %s", cells[i].key(), cells[i].Kind)
		require.NotEmpty(t, want)
	}
	require.Len(t, d.texts, len(cells))
}

// The model does in every cell what the live kernel did, but for what is known.
func TestModelDoesAsTheLiveKernel(t *testing.T) {
	d := recorded(t)
	cells := Cells()
	agree, used := 0, map[*Known]bool{}
	for _, r := range Play(context.Background(), cells, model.Stack{}, d, nil) {
		switch k := KnownOf(r.Cell); {
		case r.Agrees():
			agree++
		case k != nil:
			used[k] = true
		default:
			t.Errorf("%s, %s, %s:\nLinux %s\nmodel %s %v", r.Cell.Kind, r.Cell.State, r.Cell.Call, r.Want, r.Got, r.Err)
		}
	}
	for i := range Knowns {
		require.True(t, used[&Knowns[i]], "no difference any more: strike it out of the list: %+v", Knowns[i])
	}
	t.Logf("%d of %d cells agree with Linux %s", agree, len(cells), d.Kernel)
	require.NoError(t, figures.Check(`([\d,]+) of ([\d,]+) cells; the other (\d+) are known`, agree, len(cells), len(cells)-agree))
}

// otherwise is a model that is wrong in one thing: listen with a backlog of 0 means 5.
type otherwise struct{ model.Stack }

type otherwiseInstance struct{ conformance.Instance }

func (otherwise) Start(s conformance.Setup) (conformance.Instance, error) {
	in, err := model.Stack{}.Start(s)
	return otherwiseInstance{in}, err
}

func (in otherwiseInstance) Call(t sock.Thread, c sock.Call) error {
	if c.Op == sock.OpShutdown && c.N == sock.SHUT_RD {
		c.N = sock.SHUT_RDWR
	}
	return in.Instance.Call(t, c)
}

// A stack that does one thing otherwise is found out, in the cells that the thing shows in.
func TestOneWrongThingIsFound(t *testing.T) {
	var cells []Cell
	for _, c := range Cells() {
		if c.Kind == "tcp4" && c.State == "established" {
			cells = append(cells, c)
		}
	}
	var differ []string
	for _, r := range Play(context.Background(), cells, otherwise{}, recorded(t), nil) {
		if r.Differs() {
			differ = append(differ, r.Cell.Call)
		}
	}
	require.Equal(t, []string{"shutdown RD"}, differ)
}
