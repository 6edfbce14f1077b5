module meshmig.test/targets/istio_1_24

go 1.22

require istio.io/api v1.24.2
