/** Service, Endpoints, EndpointSlice. */
export default `
core.v1.Service
  One address for a group of pods: connections to it go to one of those that are ready.
  spec: What is wanted.
  status: What a load balancer made of it; there is none on this node.

core.v1.ServiceSpec
  Which pods a Service leads to, and from where.
  ports: Ports of the Service.
  selector: Labels of the pods that it leads to. Without it, its Endpoints or EndpointSlices are up to you.
  clusterIP: Its address, from the node's service range. Made up when left out; None is a headless Service, whose name
    resolves to the pods themselves.
  clusterIPs: Its addresses, one of each family; the first is clusterIP.
  type: ClusterIP: reachable on the node and its pods. NodePort: on a port of the node too. LoadBalancer: as NodePort, as
    there is no balancer here. ExternalName: only another name in DNS. Default ClusterIP.
  externalIPs: Further addresses, which lead to this node, that the Service answers on.
  sessionAffinity: ClientIP sends a client to the same pod each time. Default None.
  sessionAffinityConfig: For how long.
  loadBalancerIP: Address asked of a load balancer. Has no effect here.
  loadBalancerSourceRanges: From which addresses a load balancer takes connections.
  externalName: For ExternalName: the name that this one stands for.
  externalTrafficPolicy: For connections from outside: Cluster to any pod, Local only to pods of the node, which then see
    the client's address. Default Cluster.
  internalTrafficPolicy: For connections from inside: Cluster to any pod, Local only to pods of the same node. Default
    Cluster.
  healthCheckNodePort: Port for the checks of a load balancer with externalTrafficPolicy Local.
  publishNotReadyAddresses: Whether pods that are not ready are led to as well. Default false.
  ipFamilies: Families of its addresses: IPv4, IPv6.
  ipFamilyPolicy: SingleStack, PreferDualStack or RequireDualStack.
  allocateLoadBalancerNodePorts: Whether a LoadBalancer gets node ports. Default true.
  loadBalancerClass: Which load balancer is to serve it.
  trafficDistribution: Preference among pods: PreferSameNode, PreferSameZone.

core.v1.ServicePort
  A port of a Service.
  name: Name of the port; needed when there are several.
  protocol: Default TCP.
  appProtocol: What is spoken on the port: http, kubernetes.io/h2c. For information.
  port: Port of the Service.
  targetPort: Port of the pods, as number or as name of a container's port. Default: port.
  nodePort: Port of the node for NodePort and LoadBalancer. Made up when left out (30000 to 32767).

core.v1.SessionAffinityConfig
  How clients stay with their pods.
  clientIP: By the client's address.

core.v1.ClientIPConfig
  Clients stay by their address.
  timeoutSeconds: For how many seconds after the last connection, 1 to 86400. Default 10800.

core.v1.ServiceStatus
  What is there of a Service.
  loadBalancer: What a load balancer made of it.
  conditions: Aspects of its state.

core.v1.LoadBalancerStatus
  What a load balancer made of a Service.
  ingress: Where the Service is reachable.

core.v1.LoadBalancerIngress
  Where a Service is reachable.
  ip: Address.
  hostname: Name.
  ipMode: How connections arrive: VIP or Proxy.
  ports: State of each port.

core.v1.PortStatus
  State of a port of a load balancer.
  port: The port.
  protocol: Its protocol.
  error: What is wrong with it.

core.v1.Endpoints
  Addresses that a Service leads to, in the older form; EndpointSlice is the newer one.
  subsets: Groups of addresses that have the same ports.

core.v1.EndpointSubset
  Addresses that have the same ports.
  addresses: Those that are ready.
  notReadyAddresses: Those that are not ready.
  ports: Their ports.

core.v1.EndpointAddress
  An address that a Service leads to.
  ip: The address.
  hostname: Host name for it in DNS.
  nodeName: Node that it is on.
  targetRef: Pod that it belongs to.

core.v1.EndpointPort
  A port that a Service leads to.
  name: Name of the Service's port.
  port: The port.
  protocol: Default TCP.
  appProtocol: What is spoken on it.

discovery.v1.EndpointSlice
  Addresses that a Service leads to. The label kubernetes.io/service-name says which.
  addressType: What sort of addresses they are. Cannot be changed.
  endpoints: The addresses, at most 1000.
  ports: Their ports.

discovery.v1.Endpoint
  Something that a Service leads to.
  addresses: Its addresses; the first is used.
  conditions: How it is.
  hostname: Host name for it in DNS.
  targetRef: Pod that it is.
  deprecatedTopology: Topology in an older form.
  nodeName: Node that it is on.
  zone: Zone that it is in.
  hints: Who should use it.

discovery.v1.EndpointConditions
  How an endpoint is.
  ready: Whether it takes new connections. Absent counts as true.
  serving: Whether it answers, even if it is about to end.
  terminating: Whether it is about to end.

discovery.v1.EndpointHints
  Who should use an endpoint.
  forZones: Zones.
  forNodes: Nodes.

discovery.v1.ForZone
  A zone.
  name: Its name.

discovery.v1.ForNode
  A node.
  name: Its name.

discovery.v1.EndpointPort
  A port of endpoints.
  name: Name of the Service's port.
  protocol: Default TCP.
  port: The port. Absent: all ports.
  appProtocol: What is spoken on it.
`;
