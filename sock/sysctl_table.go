package sock

// The sysctls, in the order of the table below.
const (
	ctlTCPTimestamps ctl = iota
	ctlTCPWindowScaling
	ctlTCPSack
	ctlTCPDsack
	ctlTCPEcn
	ctlTCPEcnFallback
	ctlTCPEcnOption
	ctlTCPEcnOptionBeacon
	ctlTCPSynRetries
	ctlTCPSynLinear
	ctlTCPSynackRetries
	ctlTCPRetries1
	ctlTCPRetries2
	ctlTCPOrphanRetries
	ctlTCPRtoMinUs
	ctlTCPRtoMaxMs
	ctlTCPFinTimeout
	ctlTCPKeepaliveTime
	ctlTCPKeepaliveIntvl
	ctlTCPKeepaliveProbes
	ctlTCPRmem
	ctlTCPWmem
	ctlTCPModerateRcvbuf
	ctlTCPAdvWinScale
	ctlTCPAppWin
	ctlTCPNotsentLowat
	ctlTCPShrinkWindow
	ctlTCPWorkaroundSigned
	ctlTCPRecovery
	ctlTCPEarlyRetrans
	ctlTCPReordering
	ctlTCPMaxReordering
	ctlTCPFrto
	ctlTCPFack
	ctlTCPSlowStartAfterIdle
	ctlTCPNoMetricsSave
	ctlTCPNoSsthreshMetricsSave
	ctlTCPTsoWinDivisor
	ctlTCPMinTsoSegs
	ctlTCPTsoRttLog
	ctlTCPLimitOutputBytes
	ctlTCPReflectTos
	ctlTCPThinLinear
	ctlTCPCompSackDelay
	ctlTCPCompSackSlack
	ctlTCPCompSackNr
	ctlTCPInvalidRatelimit
	ctlTCPChallengeAckLimit
	ctlTCPRFC1337
	ctlTCPStdurg
	ctlTCPAbortOnOverflow
	ctlTCPRetransCollapse
	ctlTCPMtuProbing
	ctlTCPBaseMss
	ctlTCPMinSndMss
	ctlTCPMtuProbeFloor
	ctlTCPProbeThreshold
	ctlTCPProbeInterval
	ctlTCPAutocorking
	ctlTCPBacklogAckDefer
	ctlTCPMinRttWlen
	ctlTCPPacingSs
	ctlTCPPacingCa
	ctlTCPPingpongThresh
	ctlTCPTwReuse
	ctlTCPTwReuseDelay
	ctlTCPMaxTwBuckets
	ctlTCPMigrateReq
	ctlTCPFastopen
	ctlTCPFastopenBlackhole
	ctlTCPEarlyDemux
	ctlSyncookies
	ctlMaxSynBacklog
	ctlPortRange
	ctlDefaultTTL
	ctlNoPMTUDisc
	ctlMTUExpires
	ctlMTUExpires6
	ctlNonlocalBind
	ctlNonlocalBind6
	ctlAutobindReuse
	ctlUnprivPortStart
	ctlBindV6Only
	ctlICMPEchoIgnoreAll
	ctlICMPEchoIgnoreBroadcasts
	ctlICMPRatelimit
	ctlICMPRatemask
	ctlICMPMsgsPerSec
	ctlICMPMsgsBurst
	ctlPingGroupRange
	ctlICMP6EchoIgnoreAll
	ctlICMP6EchoIgnoreMulticast
	ctlICMP6Ratelimit
	ctlAutoFlowlabels
	ctlFlowlabelReflect
	ctlFlowlabelStateRanges
	ctlTxRehash
	ctlIGMPMaxMemberships
	ctlIGMPMaxMSF
	ctlOptmemMax
	ctlFragHigh
	ctlFragLow
	ctlFragTime
	ctlFragMaxDist
	ctlFragHigh6
	ctlFragLow6
	ctlFragTime6
	ctlSomaxconn
	ctlFileMax
	ctlRmemMax
	ctlWmemMax
	ctlRmemDefault
	ctlWmemDefault
	numCtl
)

// controls is the registry. Defaults are those of a new namespace of a current
// kernel; those that the model has no use for are kept so that scripts may set them,
// and say so in the last column.
var controls = [...]control{
	{ctlTCPTimestamps, "net.ipv4.tcp_timestamps", 1, 0, 255, [3]int64{1}, false},
	{ctlTCPWindowScaling, "net.ipv4.tcp_window_scaling", 1, 0, 255, [3]int64{1}, false},
	{ctlTCPSack, "net.ipv4.tcp_sack", 1, 0, 255, [3]int64{1}, false},
	{ctlTCPDsack, "net.ipv4.tcp_dsack", 1, 0, 255, [3]int64{1}, false},
	{ctlTCPEcn, "net.ipv4.tcp_ecn", 1, 0, 2, [3]int64{2}, false},
	{ctlTCPEcnFallback, "net.ipv4.tcp_ecn_fallback", 1, 0, 1, [3]int64{1}, false},
	{ctlTCPEcnOption, "net.ipv4.tcp_ecn_option", 1, 0, 2, [3]int64{2}, true},
	{ctlTCPEcnOptionBeacon, "net.ipv4.tcp_ecn_option_beacon", 1, 0, 3, [3]int64{3}, true},
	{ctlTCPSynRetries, "net.ipv4.tcp_syn_retries", 1, 1, 127, [3]int64{6}, false},
	{ctlTCPSynLinear, "net.ipv4.tcp_syn_linear_timeouts", 1, 0, 127, [3]int64{4}, false},
	{ctlTCPSynackRetries, "net.ipv4.tcp_synack_retries", 1, 0, 255, [3]int64{5}, false},
	{ctlTCPRetries1, "net.ipv4.tcp_retries1", 1, 0, 255, [3]int64{3}, false},
	{ctlTCPRetries2, "net.ipv4.tcp_retries2", 1, 0, 255, [3]int64{15}, false},
	{ctlTCPOrphanRetries, "net.ipv4.tcp_orphan_retries", 1, 0, 255, [3]int64{0}, false},
	{ctlTCPRtoMinUs, "net.ipv4.tcp_rto_min_us", 1, 1, 2147483647, [3]int64{200000}, false},
	{ctlTCPRtoMaxMs, "net.ipv4.tcp_rto_max_ms", 1, 1000, 120000, [3]int64{120000}, false},
	{ctlTCPFinTimeout, "net.ipv4.tcp_fin_timeout", 1, -maxJiffySecs, maxJiffySecs, [3]int64{60}, false},
	{ctlTCPKeepaliveTime, "net.ipv4.tcp_keepalive_time", 1, -maxJiffySecs, maxJiffySecs, [3]int64{7200}, false},
	{ctlTCPKeepaliveIntvl, "net.ipv4.tcp_keepalive_intvl", 1, -maxJiffySecs, maxJiffySecs, [3]int64{75}, false},
	{ctlTCPKeepaliveProbes, "net.ipv4.tcp_keepalive_probes", 1, 0, 255, [3]int64{9}, false},
	{ctlTCPRmem, "net.ipv4.tcp_rmem", 3, 1, 2147483647, [3]int64{4096, 131072, 33554432}, false},
	{ctlTCPWmem, "net.ipv4.tcp_wmem", 3, 1, 2147483647, [3]int64{4096, 16384, 4194304}, false},
	{ctlTCPModerateRcvbuf, "net.ipv4.tcp_moderate_rcvbuf", 1, 0, 255, [3]int64{1}, false},
	{ctlTCPAdvWinScale, "net.ipv4.tcp_adv_win_scale", 1, -31, 31, [3]int64{1}, true},
	{ctlTCPAppWin, "net.ipv4.tcp_app_win", 1, 0, 31, [3]int64{31}, false},
	{ctlTCPNotsentLowat, "net.ipv4.tcp_notsent_lowat", 1, 0, 4294967295, [3]int64{4294967295}, false},
	{ctlTCPShrinkWindow, "net.ipv4.tcp_shrink_window", 1, 0, 1, [3]int64{0}, false},
	{ctlTCPWorkaroundSigned, "net.ipv4.tcp_workaround_signed_windows", 1, 0, 255, [3]int64{0}, false},
	{ctlTCPRecovery, "net.ipv4.tcp_recovery", 1, 0, 255, [3]int64{1}, false},
	{ctlTCPEarlyRetrans, "net.ipv4.tcp_early_retrans", 1, 0, 4, [3]int64{3}, false},
	{ctlTCPReordering, "net.ipv4.tcp_reordering", 1, 1, 2147483647, [3]int64{3}, false},
	{ctlTCPMaxReordering, "net.ipv4.tcp_max_reordering", 1, 1, 2147483647, [3]int64{300}, false},
	{ctlTCPFrto, "net.ipv4.tcp_frto", 1, 0, 255, [3]int64{2}, false},
	{ctlTCPFack, "net.ipv4.tcp_fack", 1, 0, 255, [3]int64{0}, true},
	{ctlTCPSlowStartAfterIdle, "net.ipv4.tcp_slow_start_after_idle", 1, 0, 255, [3]int64{1}, false},
	{ctlTCPNoMetricsSave, "net.ipv4.tcp_no_metrics_save", 1, 0, 255, [3]int64{0}, true},
	{ctlTCPNoSsthreshMetricsSave, "net.ipv4.tcp_no_ssthresh_metrics_save", 1, 0, 1, [3]int64{1}, true},
	{ctlTCPTsoWinDivisor, "net.ipv4.tcp_tso_win_divisor", 1, 0, 255, [3]int64{3}, false},
	{ctlTCPMinTsoSegs, "net.ipv4.tcp_min_tso_segs", 1, 1, 255, [3]int64{2}, false},
	{ctlTCPTsoRttLog, "net.ipv4.tcp_tso_rtt_log", 1, 0, 255, [3]int64{9}, false},
	{ctlTCPLimitOutputBytes, "net.ipv4.tcp_limit_output_bytes", 1, -2147483648, 2147483647, [3]int64{4194304}, true},
	{ctlTCPReflectTos, "net.ipv4.tcp_reflect_tos", 1, 0, 1, [3]int64{0}, false},
	{ctlTCPThinLinear, "net.ipv4.tcp_thin_linear_timeouts", 1, 0, 255, [3]int64{0}, false},
	{ctlTCPCompSackDelay, "net.ipv4.tcp_comp_sack_delay_ns", 1, 0, maxInt64, [3]int64{1000000}, false},
	{ctlTCPCompSackSlack, "net.ipv4.tcp_comp_sack_slack_ns", 1, 0, maxInt64, [3]int64{100000}, false},
	{ctlTCPCompSackNr, "net.ipv4.tcp_comp_sack_nr", 1, 0, 255, [3]int64{44}, false},
	{ctlTCPInvalidRatelimit, "net.ipv4.tcp_invalid_ratelimit", 1, 0, 2147483647, [3]int64{500}, false},
	{ctlTCPChallengeAckLimit, "net.ipv4.tcp_challenge_ack_limit", 1, -2147483648, 2147483647, [3]int64{2147483647}, false},
	{ctlTCPRFC1337, "net.ipv4.tcp_rfc1337", 1, 0, 255, [3]int64{0}, false},
	{ctlTCPStdurg, "net.ipv4.tcp_stdurg", 1, 0, 255, [3]int64{0}, false},
	{ctlTCPAbortOnOverflow, "net.ipv4.tcp_abort_on_overflow", 1, 0, 255, [3]int64{0}, false},
	{ctlTCPRetransCollapse, "net.ipv4.tcp_retrans_collapse", 1, 0, 255, [3]int64{1}, false},
	{ctlTCPMtuProbing, "net.ipv4.tcp_mtu_probing", 1, 0, 255, [3]int64{0}, true},
	{ctlTCPBaseMss, "net.ipv4.tcp_base_mss", 1, -2147483648, 2147483647, [3]int64{1024}, false},
	{ctlTCPMinSndMss, "net.ipv4.tcp_min_snd_mss", 1, 48, 65535, [3]int64{48}, false},
	{ctlTCPMtuProbeFloor, "net.ipv4.tcp_mtu_probe_floor", 1, 48, 65535, [3]int64{48}, true},
	{ctlTCPProbeThreshold, "net.ipv4.tcp_probe_threshold", 1, -2147483648, 2147483647, [3]int64{8}, true},
	{ctlTCPProbeInterval, "net.ipv4.tcp_probe_interval", 1, 0, 17179869, [3]int64{600}, true},
	{ctlTCPAutocorking, "net.ipv4.tcp_autocorking", 1, 0, 1, [3]int64{1}, true},
	{ctlTCPBacklogAckDefer, "net.ipv4.tcp_backlog_ack_defer", 1, 0, 1, [3]int64{1}, false},
	{ctlTCPMinRttWlen, "net.ipv4.tcp_min_rtt_wlen", 1, 0, 86400, [3]int64{300}, false},
	{ctlTCPPacingSs, "net.ipv4.tcp_pacing_ss_ratio", 1, 0, 1000, [3]int64{200}, true},
	{ctlTCPPacingCa, "net.ipv4.tcp_pacing_ca_ratio", 1, 0, 1000, [3]int64{120}, true},
	{ctlTCPPingpongThresh, "net.ipv4.tcp_pingpong_thresh", 1, 1, 255, [3]int64{1}, false},
	{ctlTCPTwReuse, "net.ipv4.tcp_tw_reuse", 1, 0, 2, [3]int64{2}, false},
	{ctlTCPTwReuseDelay, "net.ipv4.tcp_tw_reuse_delay", 1, 1, 60000, [3]int64{1000}, false},
	{ctlTCPMaxTwBuckets, "net.ipv4.tcp_max_tw_buckets", 1, -2147483648, 2147483647, [3]int64{131072}, false},
	{ctlTCPMigrateReq, "net.ipv4.tcp_migrate_req", 1, 0, 1, [3]int64{0}, false},
	{ctlTCPFastopen, "net.ipv4.tcp_fastopen", 1, -2147483648, 2147483647, [3]int64{1}, false},
	{ctlTCPFastopenBlackhole, "net.ipv4.tcp_fastopen_blackhole_timeout_sec", 1, 0, 2147483647, [3]int64{0}, false},
	{ctlTCPEarlyDemux, "net.ipv4.tcp_early_demux", 1, 0, 255, [3]int64{1}, true},
	{ctlSyncookies, "net.ipv4.tcp_syncookies", 1, 0, 255, [3]int64{1}, false},
	{ctlMaxSynBacklog, "net.ipv4.tcp_max_syn_backlog", 1, -2147483648, 2147483647, [3]int64{2048}, false},
	{ctlPortRange, "net.ipv4.ip_local_port_range", 2, 1, 65535, [3]int64{32768, 60999}, false},
	{ctlDefaultTTL, "net.ipv4.ip_default_ttl", 1, 1, 255, [3]int64{64}, false},
	{ctlNoPMTUDisc, "net.ipv4.ip_no_pmtu_disc", 1, 0, 255, [3]int64{0}, false},
	{ctlMTUExpires, "net.ipv4.route.mtu_expires", 1, -8589934, 8589934, [3]int64{600}, false},
	{ctlMTUExpires6, "net.ipv6.route.mtu_expires", 1, -8589934, 8589934, [3]int64{600}, false},
	{ctlNonlocalBind, "net.ipv4.ip_nonlocal_bind", 1, 0, 255, [3]int64{0}, false},
	{ctlNonlocalBind6, "net.ipv6.ip_nonlocal_bind", 1, 0, 255, [3]int64{0}, false},
	{ctlAutobindReuse, "net.ipv4.ip_autobind_reuse", 1, 0, 1, [3]int64{0}, false},
	{ctlUnprivPortStart, "net.ipv4.ip_unprivileged_port_start", 1, 0, 65535, [3]int64{1024}, false},
	{ctlBindV6Only, "net.ipv6.bindv6only", 1, 0, 255, [3]int64{0}, false},
	{ctlICMPEchoIgnoreAll, "net.ipv4.icmp_echo_ignore_all", 1, 0, 1, [3]int64{0}, false},
	{ctlICMPEchoIgnoreBroadcasts, "net.ipv4.icmp_echo_ignore_broadcasts", 1, 0, 1, [3]int64{1}, false},
	{ctlICMPRatelimit, "net.ipv4.icmp_ratelimit", 1, 0, 2147483647, [3]int64{1000}, false},
	{ctlICMPRatemask, "net.ipv4.icmp_ratemask", 1, -2147483648, 2147483647, [3]int64{6168}, false},
	{ctlICMPMsgsPerSec, "net.ipv4.icmp_msgs_per_sec", 1, 0, 2147483647, [3]int64{1000}, false},
	{ctlICMPMsgsBurst, "net.ipv4.icmp_msgs_burst", 1, 0, 2147483647, [3]int64{50}, false},
	{ctlPingGroupRange, "net.ipv4.ping_group_range", 2, 0, 4294967294, [3]int64{1, 0}, false},
	{ctlICMP6EchoIgnoreAll, "net.ipv6.icmp.echo_ignore_all", 1, 0, 255, [3]int64{0}, false},
	{ctlICMP6EchoIgnoreMulticast, "net.ipv6.icmp.echo_ignore_multicast", 1, 0, 255, [3]int64{0}, false},
	{ctlICMP6Ratelimit, "net.ipv6.icmp.ratelimit", 1, 0, 2147483647, [3]int64{100}, false},
	{ctlAutoFlowlabels, "net.ipv6.auto_flowlabels", 1, 0, 3, [3]int64{1}, false},
	{ctlFlowlabelReflect, "net.ipv6.flowlabel_reflect", 1, 0, 7, [3]int64{0}, false},
	{ctlFlowlabelStateRanges, "net.ipv6.flowlabel_state_ranges", 1, 0, 255, [3]int64{1}, false},
	{ctlTxRehash, "net.core.txrehash", 1, 0, 1, [3]int64{1}, false},
	{ctlIGMPMaxMemberships, "net.ipv4.igmp_max_memberships", 1, -2147483648, 2147483647, [3]int64{20}, false},
	{ctlIGMPMaxMSF, "net.ipv4.igmp_max_msf", 1, -2147483648, 2147483647, [3]int64{10}, false},
	{ctlOptmemMax, "net.core.optmem_max", 1, 0, 2147483647, [3]int64{131072}, false},
	{ctlFragHigh, "net.ipv4.ipfrag_high_thresh", 1, 0, maxInt64, [3]int64{4 << 20}, false},
	{ctlFragLow, "net.ipv4.ipfrag_low_thresh", 1, 0, maxInt64, [3]int64{3 << 20}, true},
	{ctlFragTime, "net.ipv4.ipfrag_time", 1, -maxJiffySecs, maxJiffySecs, [3]int64{30}, false},
	{ctlFragMaxDist, "net.ipv4.ipfrag_max_dist", 1, 0, 2147483647, [3]int64{64}, false},
	{ctlFragHigh6, "net.ipv6.ip6frag_high_thresh", 1, 0, maxInt64, [3]int64{4 << 20}, false},
	{ctlFragLow6, "net.ipv6.ip6frag_low_thresh", 1, 0, maxInt64, [3]int64{3 << 20}, true},
	{ctlFragTime6, "net.ipv6.ip6frag_time", 1, -maxJiffySecs, maxJiffySecs, [3]int64{60}, false},
	{ctlSomaxconn, "net.core.somaxconn", 1, 0, 2147483647, [3]int64{4096}, false},
	{ctlFileMax, "fs.file-max", 1, 0, maxInt64, [3]int64{maxInt64}, false},
	{ctlRmemMax, "net.core.rmem_max", 1, 2304, 2147483647, [3]int64{4194304}, false},
	{ctlWmemMax, "net.core.wmem_max", 1, 4608, 2147483647, [3]int64{4194304}, false},
	{ctlRmemDefault, "net.core.rmem_default", 1, 2304, 2147483647, [3]int64{212992}, false},
	{ctlWmemDefault, "net.core.wmem_default", 1, 4608, 2147483647, [3]int64{212992}, false},
}
