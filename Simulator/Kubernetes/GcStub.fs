namespace Tikv.Simulator.Kubernetes
module GarbageCollector =
  let step (_: System.DateTimeOffset) (server: ApiServer) = server
