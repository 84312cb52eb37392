package explore
import ("testing";"context";"fmt";"github.com/sockspec/sockspec/fuzz";"github.com/sockspec/sockspec/tcpstate";"github.com/sockspec/sockspec/tcpstate/rule")
func TestZZ(t *testing.T){
 w,err:=fuzz.NewHostWalk(fuzz.WalkConfig{Backlog:0,Peers:3,Threads:2,Segments:[]fuzz.WalkSegment{0,1,2,3,5},Calls:[]fuzz.WalkCall{fuzz.CallAccept,fuzz.CallRecv,fuzz.CallSend,fuzz.CallClose,fuzz.CallPoll},Signals:true,Ticks:2})
 if err!=nil{t.Fatal(err)}
 s:=Search{Roots:[]Root{{"x",host{w}}},States:60000,SettleEach:4}
 r:=s.Run(context.Background())
 fmt.Println(r.States,r.Moves,r.Depth,r.Stopped,r.Elapsed,r.Rate(),r.Bytes/r.States)
 if r.Broken!=nil{fmt.Println(r.Way, r.Broken)}
 for _,e:=range tcpstate.Edges(){if !r.Cover.HasEdge(e.From,e.To){fmt.Println("no",e)}}
 n:=0
 for _,id:=range rule.All(){ if r.Cover.HasRule(id){n++}}
 fmt.Println(n)
}
