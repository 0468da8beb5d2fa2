package cn.fieldseal.tablet

import android.app.Activity
import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.net.NetworkCapabilities
import app.tauri.annotation.Command
import app.tauri.annotation.InvokeArg
import app.tauri.annotation.TauriPlugin
import app.tauri.plugin.Channel
import app.tauri.plugin.Invoke
import app.tauri.plugin.JSObject
import app.tauri.plugin.Plugin

@InvokeArg
class WatchConnectionArgs {
  lateinit var channel: Channel
}

/**
 * Over what the tablet is connected. Sends `{kind, metered, roaming, portal}` when it changes; `kind` is `wifi`, `ethernet`, `cellular`, `other`
 * or `none`. No name of a network is read.
 */
@TauriPlugin
class ConnectionPlugin(activity: Activity) : Plugin(activity) {
  private val manager = activity.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager
  private var callback: ConnectivityManager.NetworkCallback? = null

  @Command
  fun watch(invoke: Invoke) {
    val channel = invoke.parseArgs(WatchConnectionArgs::class.java).channel
    callback?.let { manager.unregisterNetworkCallback(it) }
    val changes = object : ConnectivityManager.NetworkCallback() {
      override fun onCapabilitiesChanged(network: Network, capabilities: NetworkCapabilities) {
        channel.send(described(capabilities))
      }

      override fun onLost(network: Network) {
        channel.send(described(null))
      }
    }
    manager.registerDefaultNetworkCallback(changes)
    callback = changes
    invoke.resolve(described(manager.getNetworkCapabilities(manager.activeNetwork)))
  }

  private fun described(capabilities: NetworkCapabilities?): JSObject {
    val answer = JSObject()
    if (capabilities == null) {
      answer.put("kind", "none")
      answer.put("metered", false)
      answer.put("roaming", false)
      answer.put("portal", false)
      return answer
    }
    val kind = when {
      capabilities.hasTransport(NetworkCapabilities.TRANSPORT_WIFI) -> "wifi"
      capabilities.hasTransport(NetworkCapabilities.TRANSPORT_ETHERNET) -> "ethernet"
      capabilities.hasTransport(NetworkCapabilities.TRANSPORT_CELLULAR) -> "cellular"
      else -> "other"
    }
    answer.put("kind", kind)
    answer.put("metered", !capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED))
    answer.put("roaming", !capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_ROAMING))
    answer.put("portal", capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL))
    return answer
  }
}
